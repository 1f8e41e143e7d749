package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
)

// yard is dead letters in memory.
type yard struct {
	letters []status.Letter
	acts    []string
	refuses string
}

func (y *yard) list(_ context.Context, p status.LetterPage) (page []status.Letter, _ error) {
	for _, l := range y.letters {
		if len(page) < p.Limit && l.ID > p.After && (p.Project == "" || l.Project == p.Project) {
			page = append(page, l)
		}
	}
	return page, nil
}

func (y *yard) show(context.Context, string) (status.Letter, error) { return status.Letter{}, nil }
func (y *yard) drop(context.Context, string) error                  { return nil }

func (y *yard) redrive(_ context.Context, id string) error {
	y.acts = append(y.acts, id)
	if id == y.refuses {
		return errors.New("it is not to be redriven")
	}
	for i := range y.letters {
		if y.letters[i].ID == id {
			y.letters = append(y.letters[:i], y.letters[i+1:]...)
			break
		}
	}
	return nil
}

func TestRedrive_TakesAllOfAProjectAtAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &yard{refuses: "0007"}
		for i := range 2500 {
			y.letters = append(y.letters, status.Letter{ID: fmt.Sprintf("%04d", i), Project: bridge.ProjectID([]string{"support", "sales"}[i%2])})
		}
		var out bytes.Buffer
		c := &console{out: &out}
		began := time.Now()
		err := (&lettersRedrive{Project: "sales", Rate: 50}).redrive(t.Context(), c, y)
		if err == nil || !strings.Contains(err.Error(), "0007: it is not to be redriven") {
			t.Errorf("the one that is refused is not named: %v", err)
		}
		if len(y.acts) != 1250 || !strings.Contains(out.String(), "1249 redriven") {
			t.Errorf("%d were redriven, told was %q", len(y.acts), out.String())
		}
		if took := time.Since(began); took < 24*time.Second || took > 26*time.Second {
			t.Errorf("1,250 at 50 a second took %v", took)
		}
		y.refuses = ""
		if err := (&lettersRedrive{All: true}).redrive(t.Context(), c, y); err != nil || len(y.letters) != 0 {
			t.Errorf("%d of all are left, %v", len(y.letters), err)
		}
	})
}
