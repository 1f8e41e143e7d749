package pubsub

// hints say what an administrator can do about an error-code.
var hints = map[string]string{
	"topic.not.found": "select the object in Setup, Change Data Capture, or make it a member of the channel; topic names are case-sensitive",
	"topic.meta.permission": "give the integration user View All Records on the object, or View All Data for objects without it; " +
		"View All Users for User",
	"subscription.topic.cannot.subscribe": "give the integration user View All Records on the object, or View All Data for objects without it",
	"schema.meta.permission":              "give the integration user read access to the object",
	"service.tenant.license":              "the org's edition lacks the Pub/Sub API or Change Data Capture",
	"service.auth.error":                  "check the user's API Enabled permission, its login IP ranges and hours, and that the instance URL is the org's own",
	"service.auth.headers.invalid":        "the session lacks its instance URL or the org's id",
	"subscription.limit.exceeded": "the org's daily event deliveries are used up; Salesforce keeps the events for 72 hours. " +
		"See DailyDeliveredPlatformEvents under Limits",
	"concurrent.client.limit.exceeded":              "look at who else is subscribed to the org's events",
	"subscription.fetch.replayid.validation.failed": "the stored position is damaged: sfbridge replay --topic TOPIC --from earliest",
}

// hintOf says what an administrator can do: nothing for what passes by itself.
func hintOf(f fault) string {
	if h := hints[f.code]; h != "" || f.action != halt {
		return h
	}
	return "it is a mistake of sfbridge or of what stands between it and Salesforce: report the error, and restart it with a newer version"
}
