package main

import (
	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// ruleSyntax judges an expression by the rules that will run it.
func ruleSyntax(source string, use expressionUse) error {
	if use == outboundUse {
		return rule.CheckExpression(source, bridge.Outbound)
	}
	return rule.CheckExpression(source, bridge.Inbound)
}
