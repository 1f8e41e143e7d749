package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sfbridge/bridge"
)

// decode reads the JSON of a 2xx answer into the call's target.
func decode(next Doer) Doer {
	return doFunc(func(ctx context.Context, c *Call) (*Answer, error) {
		a, err := next.Do(ctx, c)
		if err != nil || c.Into == nil || len(bytes.TrimSpace(a.Body)) == 0 {
			return a, err
		}
		if err := Decode(a.Body, c.Into); err != nil {
			err = fmt.Errorf("%s: read the answer: %w", c.Op, err)
			if !c.Repeatable {
				err = bridge.Uncertain(err) // it was carried out
			}
			return a, err
		}
		return a, nil
	})
}

// Decode reads exactly one JSON value; numbers in an any stay json.Number. Its errors hold nothing of the body.
func Decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return plainly(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// plainly names what is wrong without quoting the body.
func plainly(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("unexpected JSON type at %q", wrong.Field)
	}
	return errors.New("not valid JSON")
}
