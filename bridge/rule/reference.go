package rule

import (
	"slices"

	"sfbridge/bridge"
)

// ConditionReads are the fields that the condition reads, in the order of its text.
func (t *Transfer) ConditionReads() []bridge.Field {
	if t.condition == nil {
		return nil
	}
	return slices.Clone(t.condition.fields)
}

// InboundReads are the fields that the i-th pair of Fields makes its attribute of; none where the pair is outbound alone.
func (t *Transfer) InboundReads(i int) []bridge.Field {
	if p := t.pairs[i]; p.Direction.Covers(bridge.Inbound) {
		return p.sources()
	}
	return nil
}

// OutboundReads are the attributes that the i-th pair of Fields makes its field of; none where the pair is inbound alone.
func (t *Transfer) OutboundReads(i int) []bridge.Attribute {
	p := t.pairs[i]
	switch {
	case !p.Direction.Covers(bridge.Outbound):
		return nil
	case p.out != nil:
		return slices.Clone(p.out.attributes)
	case p.Platform == "":
		return nil
	default:
		return []bridge.Attribute{p.Platform}
	}
}
