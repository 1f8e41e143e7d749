package cdc

import (
	"strings"

	"sfbridge/bridge"
)

// parseOrigin reads a changeOrigin: com/salesforce/api/rest/66.0;client=sfbridge, where some clients carry a slash at the end. Whether the
// client is ours is not decided here.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_event_fields_header.htm
func parseOrigin(text string) bridge.Origin {
	api, options, _ := strings.Cut(text, ";")
	o := bridge.Origin{API: api}
	for option := range strings.SplitSeq(options, ";") {
		if client, ok := strings.CutPrefix(option, "client="); ok && o.Client == "" {
			o.Client = strings.TrimSuffix(client, "/")
		}
	}
	return o
}
