//! Signature algorithms, and the public keys that verify them.
//!
//! A verification costs the same whatever the token holds: a signature that no key of this kind
//! could have made is replaced by one that could, and judged wrong.

use std::hint::black_box;

use ed25519_dalek::VerifyingKey as Ed25519Key;
use jwt_compact::alg::{Ed25519, Es256, Rsa};
use jwt_compact::{Algorithm, AlgorithmSignature};
use p256::ecdsa::VerifyingKey as P256Key;
use rsa::RsaPublicKey;
use rsa::traits::PublicKeyParts as _;

/// ECDSA's r and s, both 1.
const ONES: [u8; 64] = {
    let mut ones = [0; 64];
    ones[31] = 1;
    ones[63] = 1;
    ones
};

/// A key that verifies. Its kind, not the token, says which algorithms there are.
#[derive(Debug, Clone)]
pub enum PublicKey {
    /// 2048 to 4096 bits.
    Rsa(RsaPublicKey),
    /// On the curve P-256.
    P256(P256Key),
    /// On the curve Ed25519.
    Ed25519(Ed25519Key),
}

impl PublicKey {
    /// The algorithms a key of this kind verifies, as `alg` names them (RFC 7518, 3.1; RFC 8037,
    /// 3.1).
    pub fn algorithms(&self) -> &'static [&'static str] {
        match self {
            Self::Rsa(_) => &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
            Self::P256(_) => &["ES256"],
            Self::Ed25519(_) => &["EdDSA"],
        }
    }

    /// Whether `signature` is this key's over `signed`, by one of its [`algorithms`](Self::algorithms).
    pub fn verifies(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => algorithm
                .parse()
                .is_ok_and(|algorithm| rsa(key, algorithm, signed, signature)),
            Self::P256(key) => {
                let well_formed = <P256Signature as AlgorithmSignature>::try_from_slice(signature);
                judge(&Es256, key, signed, well_formed.ok(), &ONES)
            }
            Self::Ed25519(key) => {
                let well_formed = Ed25519Signature::from_slice(signature);
                judge(&Ed25519, key, signed, well_formed.ok(), &[0; 64])
            }
        }
    }

    /// Does what [`verifies`](Self::verifies) does, for a token that is wrong already: how long
    /// its refusal takes does not tell why.
    pub fn spend(&self, signed: &[u8], signature: &[u8]) {
        black_box(self.verifies(self.algorithms()[0], signed, signature));
    }
}

type P256Signature = p256::ecdsa::Signature;
type Ed25519Signature = ed25519_dalek::Signature;

fn rsa(key: &RsaPublicKey, algorithm: Rsa, signed: &[u8], signature: &[u8]) -> bool {
    let modulus = key.n().to_bytes_be();
    // RFC 8017, 5.2.2: a representative out of range is invalid. The rsa crate does not look at
    // this for PSS, where the signature plus the modulus would be taken too.
    let well_formed = signature.len() == modulus.len() && *signature < *modulus;
    let mut one = vec![0; modulus.len()];
    one[modulus.len() - 1] = 1;
    let shown = if well_formed { signature } else { &one };
    let shown = AlgorithmSignature::try_from_slice(shown).ok();
    judge(&algorithm, key, signed, shown, &one) & well_formed
}

fn judge<A: Algorithm>(
    algorithm: &A,
    key: &A::VerifyingKey,
    signed: &[u8],
    shown: Option<A::Signature>,
    stand_in: &[u8],
) -> bool {
    let well_formed = shown.is_some();
    let Some(signature) = shown.or_else(|| A::Signature::try_from_slice(stand_in).ok()) else {
        return false;
    };
    algorithm.verify_signature(&signature, key, signed) & well_formed
}
