//! Inflates what the build has compressed (RFC 1950 and 1951), a bit at a time. That is done seldom, and a
//! decoder for streams of any size and in any state would be a hundredth of the component.

/// Longest code of a symbol, in bits.
const LONGEST: usize = 15;

/// The symbol that ends a block; those above are lengths.
const END: usize = 256;

/// In which order the lengths of the codes for lengths come.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Bytes in zlib's format as they were; `None`: they are not whole. The checksum at the end is left
/// unread.
pub fn inflate(zlib: &[u8]) -> Option<Vec<u8>> {
    let mut input = Bits {
        bytes: zlib.get(2..)?,
        at: 0,
    };
    let mut output = Vec::new();
    loop {
        let is_last = input.take(1)? == 1;
        match input.take(2)? {
            0 => input.copy_to(&mut output)?,
            1 => {
                let (literals, distances) = fixed();
                block(&mut input, &mut output, &literals, &distances)?;
            }
            2 => {
                let (literals, distances) = dynamic(&mut input)?;
                block(&mut input, &mut output, &literals, &distances)?;
            }
            _ => return None,
        }
        if is_last {
            return Some(output);
        }
    }
}

fn block(input: &mut Bits, output: &mut Vec<u8>, literals: &Code, distances: &Code) -> Option<()> {
    loop {
        let symbol = literals.next(input)?;
        if symbol < END {
            output.push(symbol as u8);
            continue;
        }
        let Some(symbol) = symbol.checked_sub(END + 1) else {
            return Some(());
        };
        let length = match symbol {
            // Where the next number would be 259.
            28 => 258,
            _ => 3 + number(input, symbol, 4)?,
        };
        let symbol = distances.next(input)?;
        let distance = 1 + number(input, symbol, 2)?;
        let start = output.len().checked_sub(distance)?;
        for from in start..start + length {
            output.push(output[from]);
        }
    }
}

/// The number that a symbol begins: so many symbols each stand for numbers of as many further bits.
fn number(input: &mut Bits, symbol: usize, group: usize) -> Option<usize> {
    if symbol < group {
        return Some(symbol);
    }
    let further = symbol / group - 1;
    Some(((group + symbol % group) << further) + input.take(further)?)
}

fn fixed() -> (Code, Code) {
    let mut lengths = [8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    (Code::new(&lengths), Code::new(&[5; 30]))
}

/// The codes that stand at the block's beginning.
fn dynamic(input: &mut Bits) -> Option<(Code, Code)> {
    let literals = 257 + input.take(5)?;
    let all = literals + 1 + input.take(5)?;
    let mut lengths = [0; ORDER.len()];
    for &index in &ORDER[..4 + input.take(4)?] {
        lengths[index] = input.take(3)? as u8;
    }
    let code = Code::new(&lengths);
    let mut lengths = Vec::with_capacity(all);
    while lengths.len() < all {
        let (length, times) = match code.next(input)? {
            16 => (*lengths.last()?, 3 + input.take(2)?),
            17 => (0, 3 + input.take(3)?),
            18 => (0, 11 + input.take(7)?),
            length => (length as u8, 1),
        };
        lengths.resize(lengths.len() + times, length);
    }
    let (literals, distances) = lengths.split_at(literals);
    Some((Code::new(literals), Code::new(distances)))
}

/// A canonical Huffman code.
struct Code {
    /// How many symbols have a code of so many bits.
    counts: [usize; LONGEST + 1],
    /// In the order of their codes.
    symbols: Vec<usize>,
}

impl Code {
    /// From the length of each symbol's code; 0: it has none.
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; LONGEST + 1];
        let mut symbols = Vec::with_capacity(lengths.len());
        for (bits, count) in counts.iter_mut().enumerate().skip(1) {
            let before = symbols.len();
            let all = lengths.iter().enumerate();
            symbols.extend(
                all.filter(|(_, own)| usize::from(**own) == bits)
                    .map(|(symbol, _)| symbol),
            );
            *count = symbols.len() - before;
        }
        Self { counts, symbols }
    }

    fn next(&self, input: &mut Bits) -> Option<usize> {
        // `code` counts from the first code that has as many bits.
        let (mut code, mut index) = (0, 0);
        for count in &self.counts[1..] {
            code += input.take(1)?;
            if code < *count {
                return self.symbols.get(index + code).copied();
            }
            index += count;
            code = (code - count) << 1;
        }
        None
    }
}

/// Bytes as bits, the lowest of each first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
}

impl Bits<'_> {
    /// The next so many as a number, the lowest first.
    fn take(&mut self, count: usize) -> Option<usize> {
        let mut number = 0;
        for place in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            number |= usize::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Some(number)
    }

    /// Copies a block that is not compressed.
    fn copy_to(&mut self, output: &mut Vec<u8>) -> Option<()> {
        self.at = self.at.next_multiple_of(8);
        // Its length, and the same with each bit turned.
        let length = self.take(16)?;
        self.take(16)?;
        let start = self.at / 8;
        output.extend(self.bytes.get(start..start + length)?);
        self.at += 8 * length;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_compressed_is_read_as_it_was(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            few in proptest::collection::vec(0_u8..4, 0..4000),
            level in 0_u8..=10,
        ) {
            for text in [&bytes[..], &few, &[&bytes[..], &few, &bytes].concat()] {
                let compressed = compress_to_vec_zlib(text, level);
                let inflated = inflate(&compressed);
                prop_assert_eq!(inflated.as_deref(), Some(text));
            }
        }

        #[test]
        fn what_is_broken_ends_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            inflate(&bytes);
        }
    }

    #[test]
    fn a_long_text_with_far_repetitions_is_read_as_it_was() {
        let text: Vec<u8> = (0_u64..90_000)
            .map(|at| (at * at / 7 % 251) as u8)
            .collect();
        let text = [&text[..], &text[..40_000], &[7; 3000]].concat();
        for level in [0, 1, 6, 10] {
            let inflated = inflate(&compress_to_vec_zlib(&text, level));
            assert!(inflated.as_deref() == Some(&text[..]), "{level}");
        }
    }

    #[test]
    fn what_is_cut_off_is_not_whole() {
        let compressed = compress_to_vec_zlib(b"once, and once, and once again", 10);
        // The last four bytes are the checksum.
        for end in 0..compressed.len() - 4 {
            assert_eq!(inflate(&compressed[..end]), None, "{end}");
        }
    }
}
