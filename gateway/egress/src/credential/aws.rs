//! AWS: every call is signed (Signature Version 4) with an access key, by the provider's own crate.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use zeroize::Zeroizing;

use super::SignError;

/// The name Bedrock's calls are signed for, whatever the host's.
const SERVICE: &str = "bedrock";

/// An access key and where it is used.
pub(super) struct Keys {
    identity: Identity,
    /// The one part of the credential that travels as it is.
    session: Option<Zeroizing<String>>,
    region: String,
}

impl Keys {
    /// Reads `ID:SECRET[:SESSION_TOKEN]`. The region is the endpoint's, else the one in its host's name.
    pub(super) fn read(credential: &str, base_url: &str, region: &str) -> Result<Self, String> {
        let mut parts = credential.splitn(3, ':');
        let mut part = || parts.next().map(str::trim).filter(|part| !part.is_empty());
        let (id, secret, session) = (part(), part(), part());
        let (Some(id), Some(secret)) = (id, secret) else {
            return Err("its credential must be ACCESS_KEY_ID:SECRET_ACCESS_KEY".to_owned());
        };
        let region = Some(region).filter(|region| !region.is_empty()).or_else(|| region_of(base_url));
        let region = region.ok_or("its region is neither given nor in its host's name")?.to_owned();
        let identity = Credentials::new(id, secret, session.map(str::to_owned), None, "weir").into();
        let session = session.map(|session| Zeroizing::new(session.to_owned()));
        Ok(Self { identity, session, region })
    }

    /// The session token, which travels as it is; everything else only signs.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_ref().map(|session| session.as_str())
    }

    /// Signs a call as it stands: method, address, host and body.
    pub(super) fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        body: &[u8],
        now_us: i64,
    ) -> Result<(), SignError> {
        let unsignable = |error: String| SignError::Unsignable(error);
        let since = Duration::from_micros(u64::try_from(now_us).unwrap_or_default());
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::UNIX_EPOCH + since)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsignable(error.to_string()))?
            .into();
        let (method, uri) = (request.method().to_string(), request.uri().to_string());
        let signable = SignableRequest::new(&method, uri, std::iter::empty(), SignableBody::Bytes(body))
            .map_err(|error| unsignable(error.to_string()))?;
        let signed = sign(signable, &params).map_err(|error| unsignable(error.to_string()))?;
        signed.into_parts().0.apply_to_request_http1x(request);
        for name in ["authorization", "x-amz-security-token"] {
            if let Some(value) = request.headers_mut().get_mut(name) {
                value.set_sensitive(true);
            }
        }
        Ok(())
    }
}

/// The region in a host like `bedrock-runtime.eu-central-1.amazonaws.com`.
fn region_of(base_url: &str) -> Option<&str> {
    let host = base_url.split("://").nth(1)?.split(['/', ':']).next()?;
    let before = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    before.rsplit('.').next().filter(|region| region.contains('-') && !region.starts_with("bedrock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_in_the_hosts_name() {
        assert_eq!(region_of("https://bedrock-runtime.eu-central-1.amazonaws.com"), Some("eu-central-1"));
        assert_eq!(
            region_of("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/x"),
            Some("us-gov-west-1")
        );
        assert_eq!(region_of("https://proxy.example"), None);
        let refused = Keys::read("AKIA:secret", "https://proxy.example", "").err().unwrap();
        assert!(refused.contains("region"), "{refused}");
        assert!(Keys::read("AKIA", "https://bedrock-runtime.us-east-1.amazonaws.com", "").is_err());
    }

    /// The signature is the one AWS's own tools make of the same call (botocore, `SigV4Auth`, service `bedrock`).
    #[test]
    fn a_call_is_signed_as_aws_expects_it() {
        let keys = Keys::read("AKIDEXAMPLE:SECRETEXAMPLE", "", "us-east-1").unwrap();
        let body = br#"{"messages":[]}"#;
        let mut request = Request::new(Full::new(Bytes::from_static(body)));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() =
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v1%3A0/converse"
                .parse()
                .unwrap();
        keys.sign(&mut request, body, 1_700_000_000_000_000).unwrap();
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-amz-date"), "20231114T221320Z");
        let authorization = header("authorization");
        let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/us-east-1/bedrock/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature=";
        assert_eq!(authorization.strip_prefix(start), Some(SIGNATURE));
        assert!(request.headers()["authorization"].is_sensitive());
    }

    const SIGNATURE: &str = "08436592ea278531fd607ed44fe3d9917e82d39acf8e74cd796ba61316fb65a5";
}
