//! `JWT_PUBLIC_KEY`: what may stand there, and above all that it is nobody's private key or secret. The
//! terminal shows a key only where it is certain that everybody may see it.

use base64ct::{Base64, Encoding as _};

use super::verdict::Verdict;

const PEM: &str = "-----BEGIN ";

/// The key in any form that the component takes: PEM, JWK or JWKS, PEM or DER in Base64.
pub fn judge(value: &str) -> Verdict {
    let text = in_base64(value).and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.as_deref().unwrap_or(value);
    if is_private(value, text) {
        return Verdict::Refused("es una clave privada o un secreto: aquí va la pública");
    }
    if text.contains("BEGIN CERTIFICATE") {
        return Verdict::Refused(
            "es un certificado: openssl x509 -pubkey -noout -in certificado.pem da su clave",
        );
    }
    if text.contains("BEGIN ") != text.contains("END ") {
        return Verdict::Refused(
            "no está entera: un PEM de varias líneas va entre comillas, de BEGIN a END",
        );
    }
    if !text.starts_with(['-', '{']) && !is_der(value) {
        return Verdict::Refused(
            "no es una clave pública (PEM, JWK o JWKS); un secreto compartido (HS256) no se admite",
        );
    }
    Verdict::plain("jwt_public_key", value.replace("\r\n", "\n"))
}

/// Whether everybody may see it: PEM says what it is.
pub fn is_public(value: &str) -> bool {
    let marks = value.matches(PEM).count();
    marks > 0 && value.matches("PUBLIC KEY-----").count() == 2 * marks
}

fn is_private(value: &str, text: &str) -> bool {
    let bare: String = text.split_whitespace().collect();
    // RFC 7517 and 7518: the private exponent or key, and a shared secret.
    let is_private_jwk = [r#""d":"#, r#""k":"#]
        .iter()
        .any(|name| bare.contains(name));
    text.contains("PRIVATE KEY") || is_private_jwk || begins_with_a_version(value)
}

/// A private key in DER begins with its version (PKCS #1, PKCS #8, SEC 1); a public one has none.
fn begins_with_a_version(value: &str) -> bool {
    let bytes = in_base64(value).unwrap_or_default();
    body_of_sequence(&bytes).is_some_and(|body| body.starts_with(&[2, 1]))
}

fn is_der(value: &str) -> bool {
    in_base64(value).is_some_and(|bytes| body_of_sequence(&bytes).is_some())
}

/// What stands in the sequence that these bytes are.
fn body_of_sequence(bytes: &[u8]) -> Option<&[u8]> {
    let [0x30, length, rest @ ..] = bytes else {
        return None;
    };
    let bytes_of_length = length.checked_sub(0x80).unwrap_or_default();
    rest.get(usize::from(bytes_of_length)..)
}

fn in_base64(value: &str) -> Option<Vec<u8>> {
    let bare: String = value.split_whitespace().collect();
    Base64::decode_vec(&bare).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(file: &str) -> Vec<u8> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/keys");
        std::fs::read(folder.join(file)).expect("a key")
    }

    fn pem(file: &str) -> String {
        String::from_utf8(key(file)).expect("PEM")
    }

    #[test]
    fn every_form_of_a_public_key_is_taken() {
        for file in [
            "rsa.pem",
            "rsa.pkcs1.pem",
            "p256.pem",
            "ed25519.pem",
            "jwk.json",
        ] {
            let text = pem(file);
            let lines = text.lines().filter(|line| !line.contains("-----"));
            let bare: String = lines.collect();
            let in_base64 = Base64::encode_string(text.as_bytes());
            let on_one_line = text.trim().replace('\n', "\\n");
            for form in [text, bare, in_base64, on_one_line] {
                assert!(matches!(judge(&form), Verdict::Set(..)), "{form}");
            }
        }
    }

    #[test]
    fn no_form_of_a_private_key_or_a_secret_is_taken_or_shown() {
        for file in ["rsa.private.der", "p256.private.der", "ed25519.private.der"] {
            let bare = Base64::encode_string(&key(file));
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{bare}\n-----END PRIVATE KEY-----");
            let in_base64 = Base64::encode_string(pem.as_bytes());
            let beside = format!("{pem}\n{}", self::pem("rsa.pem"));
            for form in [bare, pem, in_base64, beside] {
                assert!(matches!(judge(&form), Verdict::Refused(_)), "{file}");
                assert!(!is_public(&form), "{file}");
            }
        }
        for secret in [
            r#"{"kty":"OKP","crv":"Ed25519","x":"A","d" : "B"}"#,
            r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#,
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "un secreto compartido, más largo que muchas de las claves que hay",
            "",
        ] {
            assert!(matches!(judge(secret), Verdict::Refused(_)), "{secret}");
            assert!(!is_public(secret), "{secret}");
        }
        assert!(is_public(&pem("rsa.pem")) && is_public(&pem("rsa.pkcs1.pem")));
    }
}
