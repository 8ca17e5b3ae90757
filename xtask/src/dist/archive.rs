//! One folder as an archive: `.tar.gz`, and `.zip` for Windows, which has nothing else before Server 2019.

use std::io::{Cursor, Write as _};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::File;

/// A kind of archive.
#[derive(Debug, Clone, Copy)]
pub enum Archive {
    TarGz,
    Zip,
}

/// What is packed.
pub struct Packed<'a> {
    /// The folder that the archive unpacks to.
    pub folder: &'a str,
    /// Sorted by path.
    pub files: &'a [File],
    /// The time of all files, in seconds since 1970.
    pub seconds: u64,
}

impl Archive {
    /// The end of its name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }

    /// The archive's bytes.
    pub fn pack(self, packed: &Packed<'_>) -> Result<Vec<u8>> {
        match self {
            Self::TarGz => tar_gz(packed),
            Self::Zip => zip(packed),
        }
    }
}

/// What a file may be used for: scripts are run.
fn mode(path: &str) -> u32 {
    if path.ends_with(".sh") { 0o755 } else { 0o644 }
}

fn tar_gz(packed: &Packed<'_>) -> Result<Vec<u8>> {
    let gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (path, bytes) in packed.files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode(path));
        header.set_mtime(packed.seconds);
        let path = format!("{}/{path}", packed.folder);
        tar.append_data(&mut header, &path, bytes.as_slice())
            .with_context(|| format!("cannot pack {path}"))?;
    }
    Ok(tar.into_inner()?.finish()?)
}

fn zip(packed: &Packed<'_>) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in packed.files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode(path));
        let path = format!("{}/{path}", packed.folder);
        zip.start_file(path.as_str(), options)
            .with_context(|| format!("cannot pack {path}"))?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn packed(archive: Archive) -> Vec<u8> {
        let files = [
            ("a/b.sh".to_owned(), b"run".to_vec()),
            ("empty".to_owned(), Vec::new()),
        ];
        let packed = Packed {
            folder: "app-1",
            files: &files,
            seconds: 1_700_000_000,
        };
        archive.pack(&packed).expect("packed")
    }

    #[test]
    fn a_tar_has_every_file_below_its_folder() {
        let bytes = packed(Archive::TarGz);
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let found: Vec<_> = tar
            .entries()
            .expect("a tar")
            .map(|entry| {
                let mut entry = entry.expect("an entry");
                let mut text = String::new();
                entry.read_to_string(&mut text).expect("text");
                let path = entry.path().expect("a path").display().to_string();
                (path, entry.header().mode().expect("a mode"), text)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("app-1/a/b.sh".to_owned(), 0o755, "run".to_owned()),
                ("app-1/empty".to_owned(), 0o644, String::new()),
            ]
        );
    }

    #[test]
    fn a_zip_has_every_file_below_its_folder() {
        let mut zip = zip::ZipArchive::new(Cursor::new(packed(Archive::Zip))).expect("a zip");
        let mut text = String::new();
        let mut file = zip.by_name("app-1/a/b.sh").expect("there");
        file.read_to_string(&mut text).expect("text");
        assert_eq!((text.as_str(), file.unix_mode()), ("run", Some(0o100_755)));
        drop(file);
        assert_eq!(zip.by_name("app-1/empty").expect("there").size(), 0);
        assert_eq!(zip.len(), 2);
    }

    #[test]
    fn the_same_files_are_the_same_bytes() {
        for archive in [Archive::TarGz, Archive::Zip] {
            assert_eq!(packed(archive), packed(archive), "{archive:?}");
        }
    }
}
