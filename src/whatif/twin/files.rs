//! Relation files of any size that take no room: holes after their first pages.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::pages::PAGE;

/// Bytes of a segment file: `RELSEG_SIZE` pages.
const SEGMENT: u64 = 131_072 * PAGE as u64;

/// Writes a relation of `bytes` as `path`, `path.1`, …: `head`, then holes. Returns the files.
///
/// # Errors
/// What the system says; some files may then be there.
pub(super) fn write(path: &Path, head: &[u8], bytes: u64) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut left = bytes.max(head.len() as u64);
    loop {
        let number = files.len();
        let mut name = path.as_os_str().to_owned();
        if number > 0 {
            name.push(format!(".{number}"));
        }
        let name = PathBuf::from(name);
        let mut file = File::options().write(true).create_new(true).open(&name)?;
        if number == 0 {
            file.write_all(head)?;
        }
        file.set_len(left.min(SEGMENT))?;
        fs::set_permissions(&name, fs::Permissions::from_mode(0o600))?;
        files.push(name);
        left = left.saturating_sub(SEGMENT);
        if left == 0 {
            return Ok(files);
        }
    }
}

/// The first pages of a relation, at most `pages`; fewer when it has fewer.
///
/// # Errors
/// What the system says.
pub(super) fn head(path: &Path, pages: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(pages * PAGE);
    File::open(path)?.take((pages * PAGE) as u64).read_to_end(&mut bytes)?;
    bytes.truncate(bytes.len() / PAGE * PAGE);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::{PAGE, SEGMENT, head, write};

    #[test]
    fn a_large_relation_is_several_files_and_takes_no_room() {
        let directory = crate::store::unique(&std::env::temp_dir(), "whyslow-files-test").unwrap();
        let path = directory.join("2000000001");
        let page = vec![1; PAGE];
        for (bytes, lengths) in [
            (0, &[0][..]),
            (PAGE as u64, &[PAGE as u64]),
            (SEGMENT, &[SEGMENT]),
            (2 * SEGMENT + 3 * PAGE as u64, &[SEGMENT, SEGMENT, 3 * PAGE as u64]),
        ] {
            let head = if bytes == 0 { &[][..] } else { &page };
            let files = write(&path, head, bytes).unwrap();
            let found: Vec<u64> = files.iter().map(|f| f.metadata().unwrap().len()).collect();
            assert_eq!(found, lengths, "{bytes}");
            assert!(files.iter().map(|f| f.metadata().unwrap().blocks() * 512).sum::<u64>() < 1 << 20, "{bytes}");
            assert_eq!(super::head(&path, 2).unwrap().len() as u64, bytes.min(2 * PAGE as u64));
            for file in files {
                std::fs::remove_file(file).unwrap();
            }
        }
        assert!(head(&path, 1).is_err());
        std::fs::remove_dir_all(directory).unwrap();
    }
}
