//! Signature algorithms, and the public keys that verify them.
//!
//! A verification costs the same whatever the token holds: a signature that no key of this kind
//! could have made is replaced by one that could, and judged wrong.

use std::hint::black_box;

use ed25519_dalek::VerifyingKey as Ed25519Key;
use jwt_compact::alg::{Ed25519, Es256, Rsa, RsaSignature};
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

/// The name under which an algorithm is known here: EdDSA with a key on Ed25519 is called
/// `Ed25519` too (RFC 9864, 2.2), by tokens and by keys.
pub fn canonical(algorithm: &str) -> &str {
    match algorithm {
        "Ed25519" => "EdDSA",
        other => other,
    }
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
        #[cfg(test)]
        crate::credentials::operations::count();
        match self {
            Self::Rsa(key) => algorithm
                .parse()
                .is_ok_and(|algorithm| verifies_rsa(algorithm, key, signed, signature)),
            Self::P256(key) => verifies(&Es256, key, signed, signature, &ONES),
            Self::Ed25519(key) => verifies(&Ed25519, key, signed, signature, &[0; 64]),
        }
    }

    /// Does what [`verifies`](Self::verifies) does, for a token that is wrong already: how long
    /// its refusal takes does not tell why.
    pub fn verify_for_timing(&self, signed: &[u8], signature: &[u8]) {
        black_box(self.verifies(self.algorithms()[0], signed, signature));
    }
}

fn verifies_rsa(algorithm: Rsa, key: &RsaPublicKey, signed: &[u8], signature: &[u8]) -> bool {
    let modulus = key.n().to_bytes_be();
    // RFC 8017, 5.2.2: a representative out of range is invalid. The rsa crate does not look at
    // this for PSS, where the signature plus the modulus would be taken too.
    let well_formed = signature.len() == modulus.len() && *signature < *modulus;
    let mut one = vec![0; modulus.len()];
    one[modulus.len() - 1] = 1;
    let signature = RsaSignature::try_from_slice(if well_formed { signature } else { &one });
    signature.is_ok_and(|signature| algorithm.verify_signature(&signature, key, signed))
        & well_formed
}

/// The signature is read by its own crate: jwt-compact's reading puts what is wrong into an
/// `anyhow::Error`, whose backtraces would be a twentieth of the component.
fn verifies<A: Algorithm>(
    algorithm: &A,
    key: &A::VerifyingKey,
    signed: &[u8],
    signature: &[u8],
    stand_in: &[u8],
) -> bool
where
    A::Signature: for<'a> TryFrom<&'a [u8]>,
{
    let signature = A::Signature::try_from(signature).ok();
    let well_formed = signature.is_some();
    let Some(signature) = signature.or_else(|| A::Signature::try_from(stand_in).ok()) else {
        return false;
    };
    algorithm.verify_signature(&signature, key, signed) & well_formed
}
