//! Every error by its name: what happened, what it means for traffic, what to do.

use crate::shell::Link;
use crate::url;

/// Who tells an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// The control plane's pages and API: the last part of a problem's `type`.
    ControlPlane,
    /// A gateway: the member `code` of an error.
    Gateway,
}

/// One error.
#[derive(Debug)]
pub struct ErrorHelp {
    /// Its name in `type` or `code`.
    pub slug: &'static str,
    /// Who tells it.
    pub teller: Teller,
    /// The status it comes with.
    pub status: u16,
    /// What happened.
    pub happened: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Where to do it: the words, and the address.
    pub place: (&'static str, &'static str),
}

impl ErrorHelp {
    /// What it means for traffic.
    #[must_use]
    pub const fn traffic(&self) -> &'static str {
        match (self.teller, self.status) {
            (Teller::ControlPlane, _) => {
                "None. Gateways serve from the policy they hold, whatever the control plane answers."
            }
            (Teller::Gateway, 504 | 502) => {
                "This request got no answer from a provider. It was tried at every target the plan allowed, and it is on record with each attempt."
            }
            (Teller::Gateway, 500..) => {
                "Requests to this gateway fail until the cause is gone. Other gateways are not concerned."
            }
            (Teller::Gateway, 429) => {
                "This request was refused before it reached a provider and cost nothing. Other keys are not concerned."
            }
            (Teller::Gateway, _) => {
                "This request was refused before it reached a provider and cost nothing. Other requests are not concerned."
            }
        }
    }

    /// Where to do what is to be done.
    #[must_use]
    pub fn link(&self) -> Link {
        Link::new(self.place.0, self.place.1)
    }
}

/// The error of that name.
#[must_use]
pub fn error(slug: &str) -> Option<&'static ErrorHelp> {
    ERRORS.iter().find(|error| error.slug == slug)
}

const REQUESTS: (&str, &str) = ("Look at requests", url::REQUESTS);
const KEYS: (&str, &str) = ("Go to keys", url::KEYS);
const SETTINGS: (&str, &str) = ("Go to settings", url::SETTINGS);
const MODELS: (&str, &str) = ("Go to models", url::MODELS);
const PROVIDERS: (&str, &str) = ("Go to providers", url::PROVIDERS);
const GATEWAYS: (&str, &str) = ("Go to gateways", url::GATEWAYS);
const PUBLISHING: (&str, &str) = ("Go to publishing", url::PUBLISHING);
const STOPS: (&str, &str) = ("Go to stops", url::STOPS);
const SIGN_IN: (&str, &str) = ("Sign in", url::SIGN_IN);

macro_rules! errors {
    ($($teller:ident $status:literal $slug:literal $place:ident $happened:literal $remedy:literal)+) => {
        /// All errors, the control plane's first.
        pub const ERRORS: &[ErrorHelp] = &[$(ErrorHelp {
            slug: $slug, teller: Teller::$teller, status: $status, happened: $happened, remedy: $remedy, place: $place,
        }),+];
    };
}

errors! {
    ControlPlane 422 "invalid" SETTINGS
        "Some fields have a value that is not taken, so nothing was changed. Each is named; the API points at it in `errors`."
        "Correct the fields that are named and send it again."
    ControlPlane 422 "unpublishable" PUBLISHING
        "The draft does not make a policy a gateway could run: a target is gone, a name is used twice, a credential is missing."
        "Mend what each sentence names, then publish again."
    ControlPlane 404 "not-found" REQUESTS
        "There is no such thing, or it belongs to a workspace you may not see. The two are answered alike on purpose."
        "Check the address. If it came from a colleague, ask an administrator for a role in that workspace."
    ControlPlane 409 "conflict" PUBLISHING
        "The state of things does not allow this: something of that name exists, or something else still needs what was to go."
        "Read what the message names, change that first, then try again."
    ControlPlane 412 "overtaken" PUBLISHING
        "Somebody saved a newer version after you had opened yours. Yours was not saved, and theirs was not overwritten."
        "Compare both versions: `current` is how it is now. Decide again, and send your change with the new tag."
    ControlPlane 403 "forbidden" SETTINGS
        "Your role, or your token's, does not include this."
        "Ask an administrator for the right that the message names."
    ControlPlane 403 "foreign-origin" REQUESTS
        "The form was sent from a page of another site, so nothing was done."
        "Open the page here and send the form again. Behind a proxy, set `control.public_url` to the address people use."
    ControlPlane 401 "unauthenticated" SIGN_IN
        "Nobody is signed in, or the token is unknown, was revoked or has ended."
        "Sign in, or present a valid token: `Authorization: Bearer …`."
    ControlPlane 401 "wrong-credentials" SIGN_IN
        "The address or the password is wrong. Which of the two is not told."
        "Try again, or ask an administrator for a new password."
    ControlPlane 410 "link-used" SIGN_IN
        "A one-time link works once and for a short time. It also ends when whoever made it loses the right to."
        "Ask for another link. For the very first one, start the program again: it prints a new one."
    ControlPlane 429 "throttled" SIGN_IN
        "There were too many failed attempts for this account or from this network, so that guessing stays slow."
        "Wait as long as `Retry-After` says, then try once more."
    ControlPlane 429 "too-fast" SETTINGS
        "One token or session sent more requests to the API in a minute than `control.api_requests_per_minute` allows."
        "Wait as long as `Retry-After` says. The headers `RateLimit-Remaining` and `RateLimit-Reset` say how much is left."
    ControlPlane 400 "bad-request" SETTINGS
        "What was sent cannot be read: not JSON, a number that is none, a cursor that is not ours."
        "The message says what and where. Correct it and send it again."
    ControlPlane 400 "unknown-parameter" SETTINGS
        "The address carries a query parameter that nothing reads. A slip there would change what you see without a word, so it is refused."
        "Correct the name; the message names the one that reads most like it."
    ControlPlane 405 "method" SETTINGS
        "The path exists, but not with this method."
        "Use one of the methods in the header `Allow`."
    ControlPlane 415 "media-type" SETTINGS
        "The API reads JSON, and the body was not said to be JSON."
        "Send `Content-Type: application/json`."
    ControlPlane 413 "too-large" SETTINGS
        "The body is larger than this path takes."
        "Send less at once."
    ControlPlane 422 "key-reused" SETTINGS
        "The same Idempotency-Key came with another body. A key stands for one request."
        "Take a new key for a new request. Nothing was done this time."
    ControlPlane 409 "key-in-use" SETTINGS
        "The first request with this Idempotency-Key is still being answered, or the control plane stopped in the middle of it."
        "Try again in a moment. If it stays so, look whether the thing was done, then take a new key."
    ControlPlane 503 "archive-away" GATEWAYS
        "ClickHouse does not answer, so requests and figures cannot be read now. Gateways keep their records on disk until it is back."
        "Try again in a moment. If it stays so, look at the archive's own log and its disk."
    ControlPlane 500 "internal" REQUESTS
        "Something failed on our side. The log of the control plane says what."
        "Try again. If it stays so, look into the log, or send it to whoever looks after this installation."
    Gateway 401 "invalid_api_key" KEYS
        "No key was sent, or the gateway does not know it: it was revoked, has expired, or belongs to another installation."
        "Send a key of this installation as `Authorization: Bearer wk_…` or `x-api-key: wk_…`; make one if there is none."
    Gateway 404 "unknown_url" KEYS
        "The gateway does not serve this path."
        "Check the base URL of your client: OpenAI clients need `/v1` at its end, Anthropic's and Google's do not. What has no route goes below `/passthrough/PROVIDER/`."
    Gateway 404 "model_not_found" MODELS
        "No model of that name is published. The message lists the nearest names."
        "Correct the name, or add the model and publish."
    Gateway 403 "model_not_allowed" KEYS
        "The key may not use this model, or nothing that serves it is in the key's reach: endpoint, region, workspace."
        "Ask for a model the message lists, or widen the key."
    Gateway 403 "network_not_allowed" KEYS
        "The key is bound to networks, and the request came from another address."
        "Send it from a network of the key, or widen the key. Behind a proxy the gateway sees the proxy's address."
    Gateway 400 "wrong_api" MODELS
        "The model is served by an endpoint that speaks another API than the one that was called."
        "Call the path the message names, or ask for a model that is served in this API."
    Gateway 400 "tokens_not_counted" MODELS
        "Tokens were to be counted for a model whose endpoints have no way to: they speak OpenAI's chat completions alone, or are Azure's, Cohere's or Ollama's."
        "Ask for another model, or let the client estimate. The usage of an answer says what was read."
    Gateway 404 "provider_not_found" PROVIDERS
        "The path or the header `x-weir-endpoint` names a provider or endpoint that does not exist, is not in the key's reach, or does not keep what is asked for."
        "Correct the name in `/passthrough/NAME/…` or in the header, or add the endpoint and publish."
    Gateway 404 "owner_not_known" PROVIDERS
        "Several endpoints could keep the response, file or batch that was asked for, and this gateway did not see it being made."
        "Ask the endpoint itself: the message shows the path, or the header that names it."
    Gateway 400 "endpoint_not_named" PROVIDERS
        "Several endpoints could take the file or batch, or have such a list, and nothing says which one is meant."
        "Name one in the header `x-weir-endpoint`; the message lists them."
    Gateway 404 "not_found" KEYS
        "This gateway does not know the file or batch as something that the key's workspace made: another workspace did, or it was forgotten and the key is held to models."
        "Check the id, and ask with a key of the workspace that made it."
    Gateway 403 "list_not_allowed" KEYS
        "The key is held to models, and a list of files or batches shows what others made who share the provider's account."
        "Ask for a file or batch by its id, or list with a key that is not held to models."
    Gateway 400 "wrong_endpoint" MODELS
        "A file or batch names models that one endpoint alone does not serve. The message names the line or request."
        "Hand in one batch for each endpoint, or name the endpoint that serves the model in `x-weir-endpoint`."
    Gateway 400 "previous_response_elsewhere" MODELS
        "The conversation goes on from a response that one endpoint keeps, but the model is served by another."
        "Send the conversation itself instead of `previous_response_id`, or ask for a model of that endpoint."
    Gateway 400 "unsupported_parameter" REQUESTS
        "The model is served by an endpoint of another format, and that format cannot say what the request asks. `param` names the member."
        "Leave the member out, ask for a model served in your format, or send `x-weir-drop-unsupported: true` (a key can be set so): then it is left out, and the response says so."
    Gateway 400 "model_not_able" MODELS
        "The request asks for something that the model is said not to be able to do: tools, pictures, sound, a schema. `param` names the member."
        "Ask for one of the models that the message names, or leave the member out. If the model can do it after all, say so on its page."
    Gateway 403 "customer_required" KEYS
        "The key wants a customer named by a source it trusts, and the request names none."
        "Send `x-weir-customer`, or a signed customer token, as the message asks."
    Gateway 400 "invalid_customer_token" KEYS
        "The signed customer token cannot be trusted: wrong signature, not valid yet, or expired."
        "Sign a new token with the key's customer secret. Check the clock of the machine that signs."
    Gateway 400 "invalid_attribution" REQUESTS
        "A value that says whom the request is for is too long or has control characters."
        "Shorten or clean the value the message names."
    Gateway 400 "invalid_tag" REQUESTS
        "A tag has a name or a value beyond what is taken. Nothing is cut off silently."
        "Tags are `name=value`, names up to 64 bytes, values up to 256."
    Gateway 400 "too_many_tags" REQUESTS
        "The request carries more tags than are taken. Nothing is cut off silently."
        "Send at most 16 tags; those bound to the key count too."
    Gateway 400 "invalid_header" REQUESTS
        "A header of ours has a value that cannot be read."
        "Correct the header the message names, or leave it out."
    Gateway 400 "invalid_body" REQUESTS
        "The body is not JSON, did not arrive whole, or lacks a member. The message says at which byte or member."
        "Correct the body and send it again."
    Gateway 400 "missing_model" REQUESTS
        "The address of a realtime session names no model."
        "Name it in the query: `?model=…`."
    Gateway 426 "upgrade_required" REQUESTS
        "The route speaks WebSocket, and the request did not ask for one, or came over HTTP/2."
        "Use a WebSocket client over HTTP/1.1. A proxy before the gateway must pass `Upgrade` and `Connection` on."
    Gateway 415 "unsupported_encoding" REQUESTS
        "The body is packed in a way the gateway does not unpack."
        "Send it plain or in an encoding the message names."
    Gateway 413 "request_too_large" GATEWAYS
        "The body is larger than `gateway.limits.request_bytes_max`."
        "Send less, or raise the limit in the gateway's configuration."
    Gateway 408 "request_timeout" GATEWAYS
        "The body did not arrive in time."
        "Look at the network between the client and the gateway, then send it again."
    Gateway 429 "rate_limit_exceeded" KEYS
        "The key sent more requests in a minute, or has more in flight, than it may on one gateway."
        "Wait as long as `Retry-After` says, or raise the key's limits."
    Gateway 504 "upstream_timeout" PROVIDERS
        "The provider did not answer in time."
        "Open the request to see each attempt and how long it took. Raise the endpoint's timeouts or add a target to fall back to."
    Gateway 502 "upstream_unreachable" PROVIDERS
        "No connection to the provider could be made: name, network, certificate or address rules."
        "Open the request to see what was tried. Check the endpoint's base URL and what this machine may reach."
    Gateway 502 "upstream_error" PROVIDERS
        "The provider failed without an answer that could be passed on, or its stream broke off."
        "Open the request to see the provider's words. Add a target to fall back to if it happens often."
    Gateway 403 "key_stopped" STOPS
        "Somebody stopped this key. The message gives the reason in their words."
        "If the reason is gone, let the key go on on the Stops page; it acts within a second."
    Gateway 403 "customer_stopped" STOPS
        "Somebody stopped the customer this request was made for. The message gives the reason in their words."
        "If the reason is gone, let the customer go on on the Stops page; it acts within a second."
    Gateway 403 "model_stopped" STOPS
        "Somebody stopped the model that was asked for. The message gives the reason in their words."
        "Ask for another model, or let this one go on on the Stops page."
    Gateway 503 "endpoint_stopped" STOPS
        "Every endpoint that could serve the model is stopped, so there is nowhere to send the request."
        "Let an endpoint go on on the Stops page, or give the model a target at another one."
    Gateway 503 "gateway_error" GATEWAYS
        "The gateway cannot serve this now: it has no policy yet, is full, is stopping, or its disk does not take records."
        "The message says which. Look at the gateway: its revision, its spool, its disk."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_one_name_and_whole_sentences() {
        for (place, entry) in ERRORS.iter().enumerate() {
            assert!(ERRORS[place + 1..].iter().all(|other| other.slug != entry.slug), "{} twice", entry.slug);
            for sentence in [entry.happened, entry.remedy, entry.traffic()] {
                assert!(sentence.ends_with('.'), "{}: {sentence}", entry.slug);
            }
        }
    }
}
