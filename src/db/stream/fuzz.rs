//! Streams of any content whose checksums and totals fit: the door of the fuzz targets to reading.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{VERSION, read::MAGIC};

/// Returns the stream that an input stands for: itself, where it begins as streams do; otherwise its lines are those
/// between the first and the last of a stream, and every checksum and total is right.
pub(crate) fn stream_of(input: &[u8]) -> Vec<u8> {
    if input.starts_with(MAGIC.as_bytes()) { input.to_vec() } else { seal(input) }
}

/// Returns the lines of a stream, without the first, the last and the checksums: what [`stream_of`] makes it of.
#[cfg(test)]
pub(crate) fn unseal(stream: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = stream.split_inclusive(|byte| *byte == b'\n').collect();
    let inner = lines.get(1..lines.len() - 1).unwrap_or_default();
    inner
        .iter()
        .flat_map(|line| line[..line.len() - super::read::CHECK_BYTES - 1].iter().chain(b"\n"))
        .copied()
        .collect()
}

fn seal(input: &[u8]) -> Vec<u8> {
    let (mut stream, mut chain) = (Vec::with_capacity(input.len() * 2), 0);
    let mut put = |line: &[u8], stream: &mut Vec<u8>| {
        chain = xxh3_64_with_seed(line, chain);
        stream.extend_from_slice(line);
        stream.extend_from_slice(format!(" #{:08x}\n", chain as u32).as_bytes());
    };
    put(format!("{MAGIC}{VERSION},\"generator\":\"fuzz\"}}").as_bytes(), &mut stream);
    let (mut n_nodes, mut n_rels, mut n_lines) = (0, 0, 2);
    for line in input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        n_nodes += u32::from(line.starts_with(b"{\"node\":"));
        n_rels += u32::from(line.starts_with(b"{\"relationship\":"));
        n_lines += 1;
        put(line, &mut stream);
    }
    let checksum = xxh3_64(&stream);
    let last = format!(
        "{{\"end\":\"dump\",\"nodes\":{n_nodes},\"relationships\":{n_rels},\"lines\":{n_lines},\
         \"xxh3\":\"{checksum:016x}\"}}"
    );
    put(last.as_bytes(), &mut stream);
    stream
}
