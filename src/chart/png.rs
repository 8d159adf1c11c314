//! Words inside a PNG file: what its picture has no room for.

/// Bytes of the signature and the first chunk, `IHDR`: length, name, 13 bytes, checksum.
const HEAD: usize = 8 + 4 + 4 + 13 + 4;

/// A PNG with its title and description as chunks of international text (`iTXt`, keywords `Title` and `Description`), which stand
/// behind the first chunk; a file that is no PNG stays as it is. PNG specification, third edition, 11.3.3.4.
pub fn described(png: &[u8], title: &str, description: &str) -> Vec<u8> {
    let Some((head, rest)) = png
        .split_at_checked(HEAD)
        .filter(|(head, _)| head.starts_with(b"\x89PNG\r\n\x1a\n"))
    else {
        return png.to_vec();
    };
    let mut out = head.to_vec();
    for (keyword, text) in [("Title", title), ("Description", description)] {
        let mut chunk = b"iTXt".to_vec();
        chunk.extend_from_slice(keyword.as_bytes());
        // Ends of the keyword, of no compression, of no language and of no translated keyword.
        chunk.extend_from_slice(&[0; 5]);
        chunk.extend_from_slice(text.as_bytes());
        let length = u32::try_from(chunk.len().saturating_sub(4)).unwrap_or(u32::MAX);
        // A chunk holds less than 2^31 bytes.
        if length > u32::MAX / 2 {
            continue;
        }
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&chunk);
        out.extend_from_slice(&checksum(&chunk).to_be_bytes());
    }
    out.extend_from_slice(rest);
    out
}

/// CRC-32 of ISO 3309, as PNG has it.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_behind_the_head() {
        // The usual check value of this checksum.
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        // The last chunk of every PNG, checksum included.
        assert_eq!(checksum(b"IEND"), 0xae42_6082);
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend([0; 17]);
        png.extend(b"rest");
        let out = described(&png, "T", "https://a.example/?m=é");
        assert!(out.starts_with(&png[..HEAD]) && out.ends_with(b"rest"));
        let title = &out[HEAD..HEAD + 8 + 11 + 4];
        assert_eq!(title[..8], *b"\0\0\0\x0biTXt");
        assert_eq!(title[8..19], *b"Title\0\0\0\0\0T");
        assert_eq!(title[19..], checksum(&title[4..19]).to_be_bytes());
        let text = String::from_utf8_lossy(&out);
        assert!(text.contains("Description\0\0\0\0\0https://a.example/?m=é"));
        assert_eq!(described(b"GIF89a", "T", "x"), b"GIF89a");
    }
}
