//! Bytes of a file to text, whatever wrote it.

use crate::read;

/// What packed files begin with, and what unpacks them.
const PACKED: [(&[u8], &str); 5] = [
    (
        b"\x1f\x8b",
        "it is packed by gzip: unpack it first, for instance by `zcat FILE | whyslow …`, with - where the file was named",
    ),
    (
        b"\xfd7zXZ\0",
        "it is packed by xz: unpack it first, for instance by `xzcat FILE | whyslow …`, with - where the file was named",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "it is packed by zstd: unpack it first, for instance by `zstdcat FILE | whyslow …`, with - where the file was named",
    ),
    (
        b"BZh",
        "it is packed by bzip2: unpack it first, for instance by `bzcat FILE | whyslow …`, with - where the file was named",
    ),
    (
        b"PK\x03\x04",
        "it is a ZIP archive: unpack it first, for instance by `unzip -p FILE | whyslow …`, with - where the file was named",
    ),
];

/// So many bytes tell whether a file is text.
const LOOKED_AT: usize = 8_000;

/// The text: UTF-8, or UTF-16 as Windows' shells write it, with or without a mark in front. Bytes that are neither are replaced, not
/// refused: logs and plans hold whatever people stored.
///
/// # Errors
/// What the bytes are when they are no text at all.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, &'static str> {
    let text = decoded(bytes)?;
    // The mark is no part of the first line, whose place tells where a plan's root is.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn decoded(bytes: Vec<u8>) -> Result<String, &'static str> {
    if let Some((_, what)) = PACKED.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(what);
    }
    if let Some(big_endian) = utf16(&bytes) {
        let unit = |two: &[u8]| {
            let two = [two[0], two[1]];
            if big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }
        };
        let units: Vec<u16> = bytes.chunks_exact(2).map(unit).collect();
        return Ok(String::from_utf16_lossy(&units));
    }
    let begin = &bytes[..bytes.len().min(LOOKED_AT)];
    // A text may hold one by mistake, and a plan as many as a statement's literal has.
    let zeros = begin.iter().filter(|byte| **byte == 0).nth(8).is_some();
    if zeros && !std::str::from_utf8(&bytes).is_ok_and(read::is_worth_reading) {
        return Err("it is no text but something binary");
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// Whether bytes are UTF-16, and if so whether the higher byte comes first: by the mark, or by what plans are made of.
fn utf16(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(false),
        [0xfe, 0xff, ..] => return Some(true),
        _ => {}
    }
    let begin = &bytes[..bytes.len().min(LOOKED_AT) & !1];
    let zeros = |odd: usize| begin.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (half, even, odd) = (begin.len() / 2, zeros(0), zeros(1));
    match half {
        0..=7 => None,
        _ if even == 0 && odd * 10 >= half * 9 => Some(false),
        _ if odd == 0 && even * 10 >= half * 9 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn windows_text_is_text() {
        let plan = "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\r\n";
        for (mark, big_endian) in [("\u{feff}", false), ("\u{feff}", true), ("", false), ("", true)] {
            let units = mark.encode_utf16().chain(plan.encode_utf16());
            let bytes = units.flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() });
            let read = text(bytes.collect()).unwrap();
            assert_eq!(read, plan);
        }
        assert_eq!(text(b"caf\xe9".to_vec()).unwrap(), "caf\u{fffd}");
        assert_eq!(text("{\"a\": \"\0\"}".as_bytes().to_vec()).unwrap(), "{\"a\": \"\0\"}");
        assert_eq!(text(Vec::new()).unwrap(), "");
    }

    #[test]
    fn what_is_no_text_says_what_it_is() {
        assert!(text(b"\x1f\x8b\x08\0\0".to_vec()).unwrap_err().contains("gzip"));
        assert!(text(b"\xfd7zXZ\0\0\x04".to_vec()).unwrap_err().contains("xz"));
        let plan = "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n  Filter: (a = '\0\0\0\0\0\0\0\0\0\0\0\0')\n";
        assert_eq!(text(plan.as_bytes().to_vec()).unwrap(), plan);
        let program = [b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\xff", plan.as_bytes()].concat();
        assert!(text(program).unwrap_err().contains("binary"));
        assert!(text(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e".to_vec()).unwrap_err().contains("binary"));
    }
}
