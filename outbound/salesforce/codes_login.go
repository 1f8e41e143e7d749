package salesforce

// oauthCodes are the values of error at the token endpoint.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm
var oauthCodes = codeTable(
	codes{meaning{class: Setup}, remedyOfApp, `invalid_grant invalid_request access_denied immediate_unsuccessful login_required consent_required
		OAUTH_APPROVAL_ERROR_GENERIC`},
	codes{meaning{class: Setup}, "activate the Run As user of the external client app", `inactive_user`},
	codes{meaning{class: Setup}, "the org is locked; ask Salesforce support", `inactive_org`},
	codes{meaning{class: Setup}, "check the consumer key; a new app is known everywhere only after ten minutes", `invalid_client_id`},
	codes{meaning{class: Setup}, "check the consumer secret", `invalid_client invalid_client_credentials`},
	codes{meaning{class: Setup}, "allow the Run As user in the policies of the external client app: he is not approved for it", `invalid_app_access`},
	codes{meaning{class: Setup}, "the app's callback address is another: set the one that the message names", `redirect_uri_mismatch redirect_uri_missing`},
	codes{meaning{class: Setup}, "enable the client credentials flow in the external client app", `unsupported_grant_type unsupported_response_type`},
	codes{meaning{class: Setup}, "give the external client app the scope api", `invalid_scope`},
	codes{meaning{class: Setup}, "the session is dead already; the bridge logs in anew", `unsupported_token_type invalid_token`},
	codes{meaning{class: Setup}, "unblock the external client app under API Access Control, and install it where it is not", `OAUTH_APP_BLOCKED OAUTH_APP_ACCESS_DENIED`},
	codes{meaning{class: Transient}, "the login is in trouble that passes; the bridge tries again", `server_error unknown_error temporarily_unavailable`},
	codes{meaning{class: Transient}, "the app has logged in too often; the bridge waits some minutes", `rate_limit_exceeded`},
)

const remedyOfApp = "check the external client app: client credentials flow enabled, Run As user active, scope api, login hours and address ranges"
