//! The vertical places of the rows.

use super::layers::Layers;
use super::{Options, Size};

/// The band that a row occupies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Band {
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Band {
    pub(super) fn middle(self) -> f64 {
        (self.top + self.bottom) / 2.0
    }
}

/// The band of each row, as high as the highest node on it.
pub(super) fn rows(layers: &Layers, sizes: &[Size], options: &Options) -> Vec<Band> {
    let mut top = 0.0;
    let mut bands = Vec::with_capacity(layers.rows.len());
    for row in &layers.rows {
        let nodes = row.iter().filter(|&&vertex| layers.is_node(vertex));
        let height = nodes.map(|&node| sizes[node].height).fold(0.0, f64::max);
        let bottom = top + height;
        bands.push(Band { top, bottom });
        top = bottom + options.row_gap;
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_high_as_their_highest_node() {
        let size = |height| Size { width: 54.0, height };
        let layers = Layers::new(&[0, 1, 1, 2], &[(0, 1), (0, 2), (1, 3)], 10);
        let sizes = [size(36.0), size(36.0), size(50.0), size(36.0)];
        let bands = rows(&layers, &sizes, &Options::default());
        let band = |top, bottom| Band { top, bottom };
        assert_eq!(bands, [band(0.0, 36.0), band(72.0, 122.0), band(158.0, 194.0)]);
    }
}
