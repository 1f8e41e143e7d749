package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pelletier/go-toml/v2"

	"sfbridge/bridge/rule"
	"sfbridge/bridge/status"
)

// whyCommand tells the whole story of one record or contact.
type whyCommand struct {
	configFlag
	Key  string `arg:"" help:"A record id of 15 or 18 characters, a contact id, a phone in any spelling, or an e-mail."`
	JSON bool   `name:"json" help:"As JSON."`
}

// whyTime bounds one question. The first one after an upgrade indexes what earlier versions wrote: about a minute for a million lines.
const whyTime = 10 * time.Minute

// Run asks the daemon, and reads the store itself where no daemon answers.
func (y *whyCommand) Run(ctx context.Context, c *console) error {
	a, cfg, err := newAdmin(y.Config, c)
	if err != nil {
		return err
	}
	var answer status.Why
	patient, cancel := context.WithTimeout(ctx, whyTime)
	defer cancel()
	err = a.ask(patient, http.MethodGet, "/why?key="+url.QueryEscape(y.Key), &answer)
	if errors.Is(err, errNoDaemon) {
		rules, e := localRules(y.Config)
		if e != nil {
			return &exitError{exitConfig, e}
		}
		err = withStore(ctx, cfg, func(l letters) (err error) {
			answer, err = asker{l.store, rules, time.Now}.Why(ctx, y.Key)
			return err
		})
	}
	if err != nil {
		return err
	}
	answer.Filled()
	if y.JSON {
		return printJSON(c, answer)
	}
	printWhy(c, &answer)
	return nil
}

// localRules reads of the configuration only how people are matched, so that an operator's shell needs no secret of the platforms.
func localRules(file string) (*rule.Set, error) {
	b, err := readConfig(file)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := toml.Unmarshal(b, &tree); err != nil {
		return nil, syntaxFault(file, err)
	}
	fs, cfg := newFaults(file, locate(b)), defaultConfig()
	cfg.Projects = map[string]*ProjectConfig{}
	for name, v := range tables(tree["project"]) {
		cfg.Projects[name] = &ProjectConfig{}
		fs.decode(join("project", name), v, reflect.ValueOf(cfg.Projects[name]).Elem())
	}
	if err := fs.err(); err != nil {
		return nil, err
	}
	return rule.Compile(cfg.nouns())
}

// printWhy is a story for people.
func printWhy(c *console, y *status.Why) {
	if len(y.Steps)+len(y.Waiting)+len(y.Pairs) == 0 {
		c.printf("Nothing is known of that key: nothing that a transfer wants was heard of it in the last year.\n")
		return
	}
	for i := range y.Pairs {
		c.printf("%s\n", printable(pairText(&y.Pairs[i])))
	}
	if y.More {
		c.printf("There is more than is told here; the oldest is left out.\n")
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\nTIME (UTC)\tWAY\tWHO\tWHAT\tDETAIL")
	for i := range y.Steps {
		s := &y.Steps[i]
		_, _ = fmt.Fprintln(w, printable(fmt.Sprintf("%s\t%s\t%s\t%s\t%s", s.At.Format("2006-01-02 15:04:05.000"), wayText(s), whoText(s), s.What, stepText(s))))
	}
	for i := range y.Waiting {
		l := &y.Waiting[i]
		_, _ = fmt.Fprintln(w, printable(fmt.Sprintf("now\t%s %s\t%s\twaits\t%s", l.Project, l.Direction, l.Source, waitText(l))))
	}
	_ = w.Flush()
}

func pairText(p *status.Pair) string {
	record, contact := strings.TrimSpace(string(p.Object)+" "+string(p.Record)), strings.TrimSpace(string(p.Project)+" "+string(p.Contact))
	switch {
	case p.Record == "":
		return contact
	case p.Contact == "":
		return record + ", not linked in " + string(p.Project)
	case p.Since == nil:
		return record + " and " + contact + ", not linked now"
	default:
		return record + " is linked to " + contact + " since " + p.Since.Format(time.RFC3339)
	}
}

func wayText(s *status.Step) string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", s.Project, s.Direction, s.Transfer)), " ")
}

func whoText(s *status.Step) string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s", s.Record, s.Contact)), " ")
}

func stepText(s *status.Step) string {
	var parts []string
	if s.Op != "" {
		parts = append(parts, string(s.Op))
	}
	if s.Text != "" && s.What == "arrived" {
		parts = append(parts, s.Text)
	}
	if len(s.Fields) > 0 {
		parts = append(parts, strings.Join(s.Fields, ", "))
	}
	if s.Event != "" {
		parts = append(parts, "event "+s.Event)
	}
	for _, j := range s.Judged {
		parts = append(parts, j.Field+" → "+j.Target+" "+string(j.Is))
	}
	if s.Text != "" && s.What != "arrived" {
		parts = append(parts, oneLine(s.Text))
	}
	if s.Letter != "" {
		parts = append(parts, "dead letter "+s.Letter)
	}
	return strings.Join(parts, "; ")
}

func waitText(l *status.Lane) string {
	text := fmt.Sprintf("%s, taken in %s", l.State, l.TakenIn.Format(time.RFC3339))
	if l.Reason != "" {
		text += fmt.Sprintf("; failed %d times; %s", l.Failed, oneLine(l.Reason))
	}
	if l.Next != nil {
		text += "; next try at " + nextTry(l)
	}
	if l.Behind > 0 {
		text += fmt.Sprintf("; %d behind it", l.Behind)
	}
	return text + "; head " + l.ID
}
