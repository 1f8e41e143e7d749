package main

import (
	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// ruleSyntax judges an expression by the rules that will run it.
func ruleSyntax(source string, use expressionUse) error {
	switch use {
	case conditionUse:
		return rule.CheckCondition(source)
	case outboundUse:
		return rule.CheckExpression(source, bridge.Outbound)
	default:
		return rule.CheckExpression(source, bridge.Inbound)
	}
}
