//! Checksums as `sha256sum --check` reads them.

use sha2::{Digest as _, Sha256};

/// A line for each file: its SHA-256 in hexadecimal digits, two spaces, its path.
pub fn list(files: &[(&str, &[u8])]) -> String {
    let mut files = files.to_vec();
    files.sort_unstable_by_key(|(path, _)| *path);
    files
        .iter()
        .map(|(path, bytes)| format!("{}  {path}\n", hex(&Sha256::digest(bytes))))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_sha256sum_writes() {
        // FIPS 180-2, B.1, and the empty text.
        let listed = list(&[("b", b"abc"), ("a", b"")]);
        assert_eq!(
            listed,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n"
        );
    }
}
