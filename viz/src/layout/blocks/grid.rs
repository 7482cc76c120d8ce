//! The columns and rows in which the parts of a block stand: each as wide, or as high, as what stands in it.

use crate::layout::aspect::misfit;
use crate::layout::{Point, Size};

/// A shape is right if it is so many times wider than wanted at most, or so many times narrower.
const CLOSE: f64 = 1.2;
/// The number of columns follows from the mean of all sizes, and is corrected so often where a few are much larger.
const MOST_CORRECTIONS: usize = 4;

/// Where each part stands.
#[derive(Debug, Default)]
pub(super) struct Grid {
    columns: Vec<Line>,
    rows: Vec<Line>,
    gap: Size,
}

/// A column or a row: where it begins, and how wide or high it is.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    at: f64,
    length: f64,
}

impl Grid {
    /// Cells in reading order with gaps between them, all together so many times wider than high. No row is emptier than it
    /// must be.
    pub(super) fn new(cells: &[Size], gap: Size, aspect: f64) -> Self {
        let count = cells.len();
        let sum = |length: fn(&Size) -> f64| cells.iter().map(length).sum::<f64>();
        let mean = Size {
            width: sum(|cell| cell.width) / count as f64 + gap.width,
            height: sum(|cell| cell.height) / count as f64 + gap.height,
        };
        let rows = (count as f64 * mean.width / (aspect * mean.height)).sqrt().max(1.0);
        let mut columns = ((count as f64 / rows) as usize).clamp(1, count);
        for _ in 0..MOST_CORRECTIONS {
            let share = Self::of(cells, columns, gap).aspect() / aspect;
            let corrected = ((columns as f64 / share.sqrt()).round() as usize).clamp(1, count);
            if (1.0 / CLOSE..=CLOSE).contains(&share) || corrected == columns {
                break;
            }
            columns = corrected;
        }
        let rows = count.div_ceil(columns);
        let full = |rows: usize| Self::of(cells, count.div_ceil(rows.clamp(1, count)), gap);
        let off = |grid: &Self| misfit(grid.aspect(), aspect);
        let best = full(rows);
        [full(rows - 1), full(rows + 1)]
            .into_iter()
            .fold(best, |best, other| if off(&other) < off(&best) { other } else { best })
    }

    fn of(cells: &[Size], columns: usize, gap: Size) -> Self {
        let widest = |column: usize| cells.iter().skip(column).step_by(columns).map(|cell| cell.width);
        let widths = (0..columns).map(|column| widest(column).fold(0.0, f64::max));
        let heights = cells.chunks(columns).map(|row| row.iter().map(|cell| cell.height).fold(0.0, f64::max));
        Self { columns: lines(widths, gap.width), rows: lines(heights, gap.height), gap }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The corner of the cell of a part.
    pub(super) fn corner(&self, index: usize) -> Point {
        Point::new(self.columns[index % self.columns()].at, self.rows[index / self.columns()].at)
    }

    /// How much room a part has.
    pub(super) fn cell(&self, index: usize) -> Size {
        Size {
            width: self.columns[index % self.columns()].length,
            height: self.rows[index / self.columns()].length,
        }
    }

    /// The whole with a gap behind the last column and one below the last row.
    fn pitches(&self) -> Size {
        let end = |lines: &[Line]| lines.last().map_or(0.0, |last| last.at + last.length);
        Size { width: end(&self.columns) + self.gap.width, height: end(&self.rows) + self.gap.height }
    }

    fn aspect(&self) -> f64 {
        self.pitches().width / self.pitches().height
    }

    /// The whole, from the corner of the first cell to that of the last.
    pub(super) fn size(&self) -> Size {
        let Size { width, height } = self.pitches();
        Size { width: width - self.gap.width, height: height - self.gap.height }
    }
}

fn lines(lengths: impl Iterator<Item = f64>, gap: f64) -> Vec<Line> {
    let mut at = 0.0;
    let line = |length| {
        let line = Line { at, length };
        at += length + gap;
        line
    };
    lengths.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Size = Size { width: 10.0, height: 10.0 };

    fn grid(sizes: &[(usize, f64, f64)], aspect: f64) -> (usize, usize, Size) {
        let cells: Vec<Size> =
            sizes.iter().flat_map(|&(count, width, height)| vec![Size { width, height }; count]).collect();
        let grid = Grid::new(&cells, GAP, aspect);
        for (index, size) in cells.iter().enumerate() {
            let cell = grid.cell(index);
            assert!(size.width <= cell.width && size.height <= cell.height, "{index}: {cell:?}");
        }
        (grid.columns(), grid.rows.len(), grid.size())
    }

    #[test]
    fn equal_cells_have_the_shape_that_is_wanted() {
        let wide = |width, height| Size { width, height };
        assert_eq!(grid(&[(1, 40.0, 40.0)], 2.0), (1, 1, wide(40.0, 40.0)));
        assert_eq!(grid(&[(8, 40.0, 40.0)], 2.0), (4, 2, wide(190.0, 90.0)));
        assert_eq!(grid(&[(9, 40.0, 40.0)], 1.0), (3, 3, wide(140.0, 140.0)));
    }

    #[test]
    fn the_last_row_is_no_emptier_than_it_must_be() {
        // 33 columns would have three cells on the tenth row
        let (columns, rows, _) = grid(&[(300, 80.0, 48.0)], 7.5);
        assert_eq!(
            (columns * rows >= 300, columns * (rows - 1) < 300, columns * rows - 300 < rows),
            (true, true, true)
        );
    }

    #[test]
    fn a_few_large_ones_make_their_rows_high_alone() {
        let (columns, rows, size) = grid(&[(100, 80.0, 40.0), (1, 100.0, 300.0), (199, 80.0, 40.0)], 2.0);
        assert_eq!(size.width, columns as f64 * 90.0 + 10.0, "{rows} rows");
        assert_eq!(size.height, rows as f64 * 50.0 + 250.0, "{columns} columns");
        assert!((1.5..2.7).contains(&(size.width / size.height)), "{size:?}");
    }
}
