//! Arrow's IPC format: messages one after another, each a header and a body of buffers. A file is a stream between
//! two marks, with an index at its end that reading in order does not need.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{
    CompressionType, Message, MessageHeader, convert::try_fb_to_schema, reader::StreamDecoder, root_as_footer,
    root_as_message,
};
use arrow_schema::SchemaRef;

use super::batches::broken;
use crate::{Error, Result, import::files::FileSource};

/// An Arrow file or stream.
pub(super) struct ArrowFile {
    name: String,
    file: File,
    /// Where the next message starts, and where the last one ends.
    at: u64,
    end: u64,
    bytes_max: u64,
    decoder: StreamDecoder,
    /// What the decoder has not seen yet.
    pending: VecDeque<Buffer>,
    is_ended: bool,
    /// What each dictionary unpacks into; they are kept until another takes their place.
    dictionaries: HashMap<i64, u64>,
}

const MAGIC: &[u8] = b"ARROW1";

/// The first version of Feather was another format.
const MAGIC_FEATHER_1: &[u8] = b"FEA1";

/// Where the messages of a file start: the mark, and two bytes that make them lie even.
const FILE_START: u64 = 8;

/// Some writers let the first message lie even to a larger number.
const PADDING_BYTES_MAX: u64 = 1 << 10;

/// The bytes at the end of a file: the length of the index, and the mark.
const TAIL: u64 = 10;

const CONTINUATION: [u8; 4] = [0xFF; 4];

/// What ends a stream.
const END: [u8; 8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];

/// The longest header of a message: it describes every column and buffer, in a few dozen bytes each.
const HEADER_BYTES_MAX: u64 = 64 << 20;

/// How much of a body is read at a time.
const READ_BYTES: usize = 16 << 20;

impl ArrowFile {
    /// Opens a file and returns it with its columns; a batch of its rows, and all its dictionaries, may take `bytes_max`.
    pub(super) fn open(source: &FileSource, bytes_max: u64) -> Result<(Self, SchemaRef)> {
        let mut file = source.handle()?;
        let refuse = |reason: &str| Err(broken(&source.name, reason));
        let fail = |error: io::Error| source.error("read", &error);
        let mut end = source.bytes();
        if end < FILE_START {
            return refuse("no Arrow file and no Arrow stream: it is too short");
        }
        let mut start = [0; FILE_START as usize];
        file.rewind().and_then(|()| file.read_exact(&mut start)).map_err(fail)?;
        if start.starts_with(MAGIC_FEATHER_1) {
            return refuse("the file is Feather, version 1; only version 2 is read");
        }
        let is_file = start.starts_with(MAGIC);
        // Before version 0.15 messages started with their length at once.
        let (first, _) = start.split_first_chunk().expect("eight bytes");
        if !is_file && *first != CONTINUATION && u64::from(u32::from_le_bytes(*first)) > end {
            return refuse("no Arrow file and no Arrow stream: it starts as neither");
        }
        if is_file {
            let mut tail = [0; TAIL as usize];
            if end < FILE_START + TAIL {
                return refuse("not all of an Arrow file: it is too short");
            }
            file.seek(SeekFrom::Start(end - TAIL)).and_then(|_| file.read_exact(&mut tail)).map_err(fail)?;
            let (length, magic) = tail.split_at(4);
            let length = u64::from(u32::from_le_bytes(length.try_into().expect("four bytes")));
            if magic != MAGIC {
                return refuse("not all of an Arrow file: it does not end in ARROW1");
            }
            if length > end - FILE_START - TAIL {
                return refuse("no Arrow file: its index would be longer than the file");
            }
            end -= TAIL + length;
        }
        let at = if is_file { first_message(&file, end).map_err(fail)? } else { 0 };
        let mut opened = Self {
            name: source.name.clone(),
            file,
            at,
            end,
            bytes_max,
            decoder: StreamDecoder::new(),
            pending: VecDeque::new(),
            is_ended: false,
            dictionaries: HashMap::new(),
        };
        let first = if is_file { opened.bare_schema(source.bytes())? } else { None };
        let first = if first.is_some() { first } else { opened.message(&mut || Ok(()))? };
        match first {
            Some(MessageHeader::Schema) => {}
            _ => return refuse("no Arrow file and no Arrow stream: it does not start with a schema"),
        }
        // The decoder takes notice of a schema only once something follows it.
        let header = &opened.pending[0][2 * CONTINUATION.len()..];
        let schema = root_as_message(header).ok().and_then(|message| message.header_as_schema());
        let schema = schema.expect("the message was just seen to be a schema");
        let schema = try_fb_to_schema(schema).map_err(|error| opened.broken(&error.to_string()))?;
        Ok((opened, Arc::new(schema)))
    }

    /// Returns the next rows. `check` may stop it.
    pub(super) fn next(&mut self, check: &mut dyn FnMut() -> Result<()>) -> Result<Option<RecordBatch>> {
        loop {
            while let Some(mut buffer) = self.pending.pop_front() {
                let batch = self.decode(&mut buffer)?;
                if !buffer.is_empty() {
                    self.pending.push_front(buffer);
                }
                if batch.is_some() {
                    return Ok(batch);
                }
            }
            if self.is_ended {
                return Ok(None);
            }
            self.message(check)?;
        }
    }

    /// Returns how many bytes of the file have been read.
    pub(super) const fn n_bytes(&self) -> u64 {
        self.at
    }

    fn decode(&mut self, buffer: &mut Buffer) -> Result<Option<RecordBatch>> {
        self.decoder.decode(buffer).map_err(|error| self.broken(&error.to_string()))
    }

    fn broken(&self, reason: &str) -> Error {
        broken(&self.name, format!("the Arrow file cannot be read: before byte {}: {reason}", self.at))
    }

    fn read(&mut self, n: u64, check: &mut dyn FnMut() -> Result<()>) -> Result<Vec<u8>> {
        if n > self.end - self.at {
            return Err(self.broken("the file ends within a message"));
        }
        let mut bytes = vec![0; n as usize];
        self.file.seek(SeekFrom::Start(self.at)).map_err(|error| Error::io("read", &self.name, &error))?;
        for part in bytes.chunks_mut(READ_BYTES) {
            self.file.read_exact(part).map_err(|error| Error::io("read", &self.name, &error))?;
            check()?;
        }
        self.at += n;
        Ok(bytes)
    }

    /// Takes the schema of a file that writes it without its length, as Polars does: it reaches to the first message that
    /// the index at the end of the file names.
    fn bare_schema(&mut self, n_bytes: u64) -> Result<Option<MessageHeader>> {
        let nothing = &mut || Ok(());
        let (at, end) = (self.at, self.end);
        if end - at < 4 || self.read(4, nothing)? == CONTINUATION {
            self.at = at;
            return Ok(None);
        }
        let n_index = n_bytes - TAIL - end;
        if n_index > HEADER_BYTES_MAX {
            return Err(self.broken("an index that is too long"));
        }
        (self.at, self.end) = (end, n_bytes);
        let index = self.read(n_index, nothing)?;
        (self.at, self.end) = (at, end);
        let index = root_as_footer(&index).map_err(|error| self.broken(&format!("no index: {error}")))?;
        let blocks = index.dictionaries().into_iter().flatten().chain(index.recordBatches().into_iter().flatten());
        let first = blocks.filter_map(|block| u64::try_from(block.offset()).ok()).min().unwrap_or(end);
        if first <= at || first > end || first - at > HEADER_BYTES_MAX {
            return Err(self.broken("the index names a message that is none"));
        }
        let header = self.read(first - at, nothing)?;
        let kind = root_as_message(&header).map(|message| message.header_type());
        let kind = kind.map_err(|error| self.broken(&format!("no message: {error}")))?;
        self.push([&CONTINUATION[..], &(header.len() as u32).to_le_bytes(), &header].concat());
        Ok(Some(kind))
    }

    /// Reads a message and lets the decoder have it. Returns what it is; nothing at the end.
    fn message(&mut self, check: &mut dyn FnMut() -> Result<()>) -> Result<Option<MessageHeader>> {
        let mut length = [0; 4];
        if self.at < self.end {
            length.copy_from_slice(&self.read(4, check)?);
            if length == CONTINUATION {
                length.copy_from_slice(&self.read(4, check)?);
            }
        }
        let n_header = u64::from(u32::from_le_bytes(length));
        if n_header == 0 {
            self.is_ended = true;
            self.push(END.to_vec());
            return Ok(None);
        }
        if n_header > HEADER_BYTES_MAX {
            return Err(self.broken("a header that is too long"));
        }
        let header = self.read(n_header, check)?;
        let message = root_as_message(&header).map_err(|error| self.broken(&format!("no message: {error}")))?;
        let n_body = u64::try_from(message.bodyLength()).map_err(|_| self.broken("a body of negative length"))?;
        if n_body > self.end - self.at {
            return Err(self.broken("the file ends within a message"));
        }
        if n_body > self.bytes_max {
            return Err(self.too_large());
        }
        let body = self.read(n_body, check)?;
        self.check_room(message, &body)?;
        let kind = message.header_type();
        self.push([&CONTINUATION[..], &length, &header].concat());
        self.push(body);
        Ok(Some(kind))
    }

    fn push(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.pending.push_back(Buffer::from_vec(bytes));
        }
    }

    fn too_large(&self) -> Error {
        Error::Limit { what: "bytes that a batch of rows unpacks into", max: self.bytes_max }
    }

    /// Checks what a message says it unpacks into.
    fn check_room(&mut self, message: Message<'_>, body: &[u8]) -> Result<()> {
        let dictionary = message.header_as_dictionary_batch();
        let batch = message.header_as_record_batch().or_else(|| dictionary.and_then(|dictionary| dictionary.data()));
        let Some(batch) = batch else { return Ok(()) };
        let mut room = body.len() as u64;
        if let Some(compression) = batch.compression() {
            if !matches!(compression.codec(), CompressionType::LZ4_FRAME | CompressionType::ZSTD) {
                return Err(self.broken("a compression that is not known"));
            }
            for buffer in batch.buffers().into_iter().flatten() {
                if buffer.length() == 0 {
                    continue;
                }
                // A buffer starts with the length it unpacks into; -1 where it is not packed.
                let at = usize::try_from(buffer.offset()).ok();
                let prefix = at.and_then(|at| body.get(at..)?.first_chunk());
                let Some(prefix) = prefix else { return Err(self.broken("a buffer outside its body")) };
                let unpacked = i64::from_le_bytes(*prefix);
                if unpacked < -1 {
                    return Err(self.broken("a buffer of negative length"));
                }
                room = room.saturating_add(unpacked.max(0) as u64);
            }
        }
        if let Some(dictionary) = dictionary {
            let known = self.dictionaries.entry(dictionary.id()).or_default();
            *known = if dictionary.isDelta() { known.saturating_add(room) } else { room };
            room = 0;
        }
        room = self.dictionaries.values().fold(room, |sum, n| sum.saturating_add(*n));
        if room > self.bytes_max { Err(self.too_large()) } else { Ok(()) }
    }
}

/// Returns where the first message of a file starts: at the first eight bytes that are not nothing.
fn first_message(mut file: &File, end: u64) -> io::Result<u64> {
    let mut padding = vec![0; PADDING_BYTES_MAX.min(end - FILE_START) as usize];
    file.seek(SeekFrom::Start(FILE_START))?;
    file.read_exact(&mut padding)?;
    let n_words = padding.chunks_exact(8).take_while(|word| **word == [0; 8]).count();
    Ok(FILE_START + 8 * n_words as u64)
}
