//! Where the input is cut.

/// The sizes of the pieces in which octets arrive; all of them follow from one octet, so that
/// mutations of the rest do not move the cuts.
#[derive(Debug, Clone)]
pub(crate) struct Cuts {
    seed: u8,
    state: u32,
}

impl Cuts {
    /// 0 cuts nothing, 1 behind each octet.
    pub(crate) fn new(seed: u8) -> Self {
        Self { seed, state: u32::from(seed) }
    }

    /// The next piece of `rest`, and what is left behind it.
    pub(crate) fn cut<'a>(&mut self, rest: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let size = match self.seed {
            0 => rest.len(),
            1 => 1,
            _ => self.random(),
        };
        rest.split_at(size.min(rest.len()))
    }

    /// Mostly small sizes, sometimes a large one.
    fn random(&mut self) -> usize {
        self.state = self.state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let (size, large) = (self.state >> 16 & 15, self.state >> 24 & 7 == 0);
        1 + size as usize * if large { 100 } else { 1 }
    }
}
