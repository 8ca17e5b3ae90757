//! What is wrong with keys, in Spanish, for operators. Nothing here quotes a key.

use std::fmt;

/// How many members of a set an error names.
const MAX_LISTED: usize = 4;

/// Longest part of a `kid` that is shown.
const MAX_KID_CHARS: usize = 40;

/// What is wrong with a key. It never quotes the key, so the parsers' errors are no sources of it:
/// they do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A certificate has a public key in it, but is none.
    #[error(
        "es un certificado, no una clave pública; extraiga la clave con: openssl x509 -pubkey -noout -in certificado.pem"
    )]
    Certificate,
    /// A private key.
    #[error(
        "es una clave privada, que solo debe tener quien firma; ponga la pública: openssl pkey -pubout -in clave.pem"
    )]
    Private,
    /// Neither PEM nor JSON.
    #[error(
        "no es una clave en PEM (BEGIN PUBLIC KEY o BEGIN RSA PUBLIC KEY), ni un JWK, ni un JWKS"
    )]
    Unrecognised,
    /// Where keys are, and not the keys.
    #[error("es una dirección, no una clave: ponga lo que responde esa dirección")]
    Address,
    /// JSON, but no JWKS.
    #[error("no es un JWKS: falta la lista «keys»")]
    NotASet,
    /// The provider's description (OpenID Connect Discovery), which says where its keys are.
    #[error("es la descripción del emisor, no sus claves: ponga lo que responde su jwks_uri")]
    Discovery,
    /// A line of `authorized_keys`.
    #[error("es una clave de OpenSSH; conviértala con: ssh-keygen -e -m PKCS8 -f clave.pub")]
    OpenSsh,
    /// PEM whose dashes an editor has replaced.
    #[error("las líneas BEGIN y END deben llevar cinco guiones (-----) a cada lado")]
    Dashes,
    /// Cut off, or with values that no key has.
    #[error("la clave está incompleta o dañada")]
    Broken,
    /// A JWK without a member that its kind has.
    #[error("al JWK le falta «{0}»")]
    Missing(&'static str),
    /// A JWK with a certificate in place of the key's numbers.
    #[error("el JWK solo trae el certificado («x5c»): faltan «n» y «e»")]
    OnlyCertificate,
    /// A member of a JWK that is of another type, or not base64url.
    #[error("en el JWK, «{0}» no es válido")]
    Malformed(&'static str),
    /// A coordinate of another length (RFC 7518, 6.2.1.2: leading zeros count).
    #[error("en el JWK, «x» e «y» deben tener 32 bytes, también los ceros del principio")]
    CoordinateSize,
    /// An RSA key of another size.
    #[error("una clave RSA debe tener de 2048 a 4096 bits")]
    RsaSize,
    /// Another kind of key, or another curve.
    #[error("tipo de clave no admitido; se admiten RSA, EC P-256 y Ed25519")]
    Unsupported,
    /// A JWK that is for something else.
    #[error("según use, key_ops o alg, el JWK no es para verificar firmas")]
    NotForSignatures,
    /// A set without a single key that could be used, and why.
    #[error("ninguna clave del JWKS sirve para verificar firmas{}", Listed(.0))]
    NoneInSet(Vec<LeftOut>),
    /// More than are tried with a token.
    #[error("se admiten 16 claves como máximo")]
    TooMany,
}

/// A member of a set that is not used (RFC 7517, 5), and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its place in the set, from 1.
    place: usize,
    /// Its `kid`, where it has one.
    id: Option<String>,
    why: Box<KeyError>,
}

impl LeftOut {
    /// The member at `index` of a set.
    pub(super) fn new(index: usize, id: Option<&str>, why: KeyError) -> Self {
        let visible = |id: &str| {
            id.chars()
                .filter(|c| !c.is_control())
                .take(MAX_KID_CHARS)
                .collect()
        };
        Self {
            place: index + 1,
            id: id.map(visible),
            why: Box::new(why),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, id, why } = self;
        match id {
            Some(id) => write!(formatter, "clave {place} (kid «{id}»): {why}"),
            None => write!(formatter, "clave {place}: {why}"),
        }
    }
}

/// Members of a set, a few of them by name.
struct Listed<'a>(&'a [LeftOut]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, one) in self.0.iter().take(MAX_LISTED).enumerate() {
            let before = if index == 0 { ": " } else { "; " };
            write!(formatter, "{before}{one}")?;
        }
        match self.0.len().saturating_sub(MAX_LISTED) {
            0 => Ok(()),
            more => write!(formatter, "; y {more} más"),
        }
    }
}
