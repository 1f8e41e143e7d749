package fakeorg

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// channelPrefix is the key prefix of PlatformEventChannel.
const channelPrefix = "0YL"

// GrantSetup lets the integration user see how the org is set up, or no longer: it may read channels and their members over the Tooling API. Without the
// right these objects are not there for it.
func (o *Org) GrantSetup(on bool) { o.setup.Store(on) }

// tooling answers the two queries of the Tooling API that tell of channels; it knows no conditions.
func (c *call) tooling() reply {
	if !strings.EqualFold(c.at(1), "query") {
		return refusal(notFound())
	}
	words := strings.Fields(strings.ReplaceAll(c.r.URL.Query().Get("q"), ",", " "))
	from := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, "FROM") })
	if len(words) == 0 || !strings.EqualFold(words[0], "SELECT") || from < 2 || len(words) != from+2 {
		return refusal(refuse("MALFORMED_QUERY", "unexpected token"))
	}
	rows, known := c.org.channelRows()[strings.ToLower(words[from+1])]
	if !known || !c.org.setup.Load() {
		return refusal(refuse("INVALID_TYPE", "sObject type '%s' is not supported.", words[from+1]))
	}
	records := make([]members, len(rows))
	for i, r := range rows {
		records[i] = members{{"attributes", members{{"type", words[from+1]}}}}
		for _, column := range words[1:from] {
			v, ok := r[column]
			if !ok {
				return refusal(refuse("INVALID_FIELD", "No such column '%s' on entity '%s'.", column, words[from+1]))
			}
			records[i].add(column, v)
		}
	}
	return answer(http.StatusOK, members{{"size", len(records)}, {"totalSize", len(records)}, {"done", true}, {"records", records}})
}

// channelRows are the channels and their members, by lower-case object; a member names its channel by id.
func (o *Org) channelRows() map[string][]map[string]string {
	all := o.Channels()
	out := map[string][]map[string]string{"platformeventchannel": {}, "platformeventchannelmember": {}}
	for i, topic := range slices.Sorted(maps.Keys(all)) {
		id := makeID(channelPrefix, int64(i+1))
		name := strings.TrimSuffix(strings.TrimPrefix(topic, topicPrefix), channelSuffix)
		out["platformeventchannel"] = append(out["platformeventchannel"], map[string]string{"Id": id, "DeveloperName": name, "ChannelType": "data"})
		for _, event := range all[topic] {
			out["platformeventchannelmember"] = append(out["platformeventchannelmember"], map[string]string{
				"Id": makeID("0v8", int64(len(out["platformeventchannelmember"])+1)), "DeveloperName": name + "_chn_" + event, "EventChannel": id, "SelectedEntity": event,
			})
		}
	}
	return out
}
