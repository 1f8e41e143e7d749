package fakeorg

import (
	"net/http"
	"testing"
)

func TestOrigin_EndsInASlashWhenTold(t *testing.T) {
	d := newDesk(t, Options{})
	d.extra["Sforce-Call-Options"] = "client=bridge"
	d.org.SlashOrigins(true)
	d.created("Contact", fields{"LastName": "L"})
	if got := d.lastEvent().Header.Origin; got != "com/salesforce/api/rest/66.0;client=bridge/" {
		t.Errorf("origin %s", got)
	}
	rows := fields{"records": contacts("A")}
	d.collection(http.MethodPost, "", rows)
	if got := d.lastEvent().Header.Origin; got != "com/salesforce/api/rest/66.0" {
		t.Errorf("origin of a collection %s", got)
	}
	d.org.NameInCollections(true)
	d.collection(http.MethodPost, "", rows)
	if got := d.lastEvent().Header.Origin; got != "com/salesforce/api/rest/66.0;client=bridge/" {
		t.Errorf("origin of a collection that is named %s", got)
	}
}
