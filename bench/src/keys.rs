//! An authorization server's tokens, signed with the key of the tests; and public keys without a
//! private half.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::PublicKeyComponents;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

/// How many tokens there are: an instance serves 128 requests and remembers 64 tokens, so one that
/// has seen this many others meanwhile is new to it.
const TOKENS: u32 = 2048;

/// How long they are valid: longer than any run.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The signer's key, in its JWK and in the tokens.
const KEY_ID: &str = "propia";

/// Keys that strangers have work done with, and what they send.
pub struct StrangersKeys {
    /// 16 RSA keys of 4096 bits.
    pub jwks: String,
    /// Signed by none of them, and without `kid`.
    pub token: String,
    /// Two `whpk_` keys.
    pub webhook_keys: String,
    /// As many `v1a` signatures as are looked at, each of them well formed.
    pub signatures: Vec<String>,
}

/// JWTs that are all right, and all different.
pub struct Tokens(Vec<String>);

/// The key pair of an authorization server.
pub struct Signer(RsaKeyPair);

impl Tokens {
    /// The token of this number, and after the last one the first again.
    pub fn numbered(&self, number: u32) -> &str {
        &self.0[number as usize % self.0.len()]
    }

    #[cfg(test)]
    pub fn of(tokens: &[&str]) -> Self {
        Self(tokens.iter().map(|token| (*token).to_owned()).collect())
    }
}

impl Signer {
    /// The RSA key of tests/keys.
    pub fn load(root: &Path) -> Result<Self> {
        let file = root.join("tests/keys/rsa.private.der");
        let der =
            std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let pair = RsaKeyPair::from_pkcs8(&der)
            .map_err(|error| anyhow!("{} is no RSA key: {error}", file.display()))?;
        Ok(Self(pair))
    }

    pub fn tokens(&self) -> Result<Tokens> {
        let until = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + LIFETIME;
        let random = SystemRandom::new();
        let tokens = (0..TOKENS).map(|number| {
            let head = json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID}).to_string();
            let claims = json!({"exp": until.as_secs(), "sub": "sam", "jti": number}).to_string();
            let signed = format!(
                "{}.{}",
                base64url(head.as_bytes()),
                base64url(claims.as_bytes())
            );
            let mut signature = vec![0; self.0.public().modulus_len()];
            self.0
                .sign(
                    &RSA_PKCS1_SHA256,
                    &random,
                    signed.as_bytes(),
                    &mut signature,
                )
                .map_err(|_| anyhow!("the key signs nothing"))?;
            Ok(format!("{signed}.{}", base64url(&signature)))
        });
        tokens.collect::<Result<_>>().map(Tokens)
    }

    /// A JWKS of so many keys, of which the signer's is the last one, and the only one with a name.
    pub fn jwks(&self, keys: usize) -> Result<String> {
        let public = self.0.public();
        let mut listed = (1..keys)
            .map(|_| random_jwk(public.modulus_len()))
            .collect::<Result<Vec<Value>>>()?;
        let mut own = jwk(&PublicKeyComponents::<Vec<u8>>::from(public).n);
        own["kid"] = KEY_ID.into();
        listed.push(own);
        Ok(json!({ "keys": listed }).to_string())
    }

    /// What costs most to refuse.
    pub fn strangers(&self) -> Result<StrangersKeys> {
        const LONGEST: usize = 512;
        let keys = (0..16).map(|_| random_jwk(LONGEST));
        let keys = keys.collect::<Result<Vec<Value>>>()?;
        let until = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + LIFETIME;
        let head = json!({"alg": "RS256"}).to_string();
        let claims = json!({"exp": until.as_secs()}).to_string();
        let mut signature = random(LONGEST)?;
        // Smaller than any modulus, or it would be refused at a glance.
        signature[0] = 0;
        let parts = [head.as_bytes(), claims.as_bytes(), &signature].map(base64url);
        let pairs = (0..16)
            .map(|_| random_key_pair())
            .collect::<Result<Vec<_>>>()?;
        let public = pairs[..2].iter().map(|pair| {
            let encoded = Base64::encode_string(pair.public_key().as_ref());
            format!("whpk_{encoded}")
        });
        let signed = pairs.iter().map(|pair| {
            let encoded = Base64::encode_string(pair.sign(b"another message").as_ref());
            format!("v1a,{encoded}")
        });
        Ok(StrangersKeys {
            jwks: json!({ "keys": keys }).to_string(),
            token: parts.join("."),
            webhook_keys: public.collect::<Vec<_>>().join(" "),
            signatures: signed.collect(),
        })
    }
}

fn random(length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| anyhow!("the system has no random numbers"))?;
    Ok(bytes)
}

fn random_key_pair() -> Result<Ed25519KeyPair> {
    let seed = random(32)?;
    Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| anyhow!("a seed makes no key"))
}

/// A key that nobody has the private half of.
fn random_jwk(length: usize) -> Result<Value> {
    let mut modulus = random(length)?;
    // As long as a modulus is, and odd as the product of two primes.
    modulus[0] |= 0x80;
    modulus[length - 1] |= 1;
    Ok(jwk(&modulus))
}

/// All of them have the exponent that everybody uses.
fn jwk(modulus: &[u8]) -> Value {
    json!({"kty": "RSA", "alg": "RS256", "use": "sig", "n": base64url(modulus), "e": "AQAB"})
}

/// As JOSE has it.
fn base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signers_key_is_the_last_of_so_many() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let signer = Signer::load(&root).expect("a key");
        let keys = |number| -> Vec<Value> {
            let jwks: Value =
                serde_json::from_str(&signer.jwks(number).expect("keys")).expect("JSON");
            jwks["keys"].as_array().expect("a list").clone()
        };
        let (one, three) = (keys(1), keys(3));
        assert_eq!((one.len(), three.len()), (1, 3));
        assert_eq!(one[0], three[2]);
        assert_ne!(three[0]["n"], three[1]["n"]);
    }
}
