//! Cuts a very high drawing into strips that stand side by side, like the columns of a newspaper.
//!
//! A chain of five thousand jobs would be a hairline. Its rows are cut where few edges pass, and each strip stands to the
//! right of the one before. The edges that pass a cut go around: from below their strip to the right, up between the strips,
//! and from above into the next one. Those farther to the right turn first, so that none crosses another on the way.

use super::aspect::{misfit, unturned};
use super::geometry::Bezier;
use super::routes::{self, Map};
use super::{Options, Point, Size};

/// A drawing that is at most so many times higher than wide is left alone.
const HIGHEST: f64 = 3.0;
/// So is one of few rows: it can be read from above downwards.
const MOST_ROWS: usize = 48;
/// How many times wider than high it becomes otherwise, if it can; also where edges lead to the right.
const WANTED: f64 = 1.5;
/// A strip has so many rows at least.
const LEAST_ROWS: usize = 12;
/// The distance between edges that go around, in points.
const LANE: f64 = 8.0;
/// Where a bundle of them would be wider than this, they are closer to each other.
const BUNDLE: f64 = 80.0;
/// The least distance between them.
const NARROW_LANE: f64 = 4.0;
/// Edges that go around take at most this share of the width, or all is left as it is.
const MOST_LANES: f64 = 0.4;
/// The least number of strips that is tried, to what would do without lanes: with these at their widest it is more.
const LEAST_TRIED: f64 = 0.6;
/// A cut may be away from where strips would be equal by this share of their height.
const AWAY: f64 = 0.15;

/// Moves all nodes and edges into strips, if the drawing is too high.
pub(super) fn fold(
    map: &Map,
    edges: &[(usize, usize)],
    centers: &mut [Point],
    curves: &mut [Vec<Bezier>],
    options: &Options,
) {
    if map.rows.len() <= MOST_ROWS {
        return;
    }
    let rows = Rows::new(map, edges, options);
    let Some(strips) = rows.best() else { return };
    for (center, &row) in centers.iter_mut().zip(&map.layers.row_of) {
        *center = *center + strips.offset(strips.of_row(row));
    }
    let ways: Vec<Way> =
        edges.iter().zip(curves.iter()).map(|(&(a, b), curve)| strips.cut(map, (a, b), curve)).collect();
    let lanes = assign_lanes(&strips, &ways);
    for ((curve, way), lanes) in curves.iter_mut().zip(&ways).zip(&lanes) {
        *curve = strips.join(way, lanes);
    }
}

/// What rows are like before they are cut.
struct Rows {
    /// Where each begins and ends, from above downwards and from left to right.
    tops: Vec<f64>,
    bottoms: Vec<f64>,
    lefts: Vec<f64>,
    rights: Vec<f64>,
    /// How many edges pass below each.
    passing: Vec<usize>,
    gap: f64,
    /// How many times wider than high all should be.
    wanted: f64,
}

impl Rows {
    fn new(map: &Map, edges: &[(usize, usize)], options: &Options) -> Self {
        let side = |of: &dyn Fn(usize) -> f64, better: fn(f64, f64) -> f64, start: f64| -> Vec<f64> {
            let row = |row: &Vec<usize>| row.iter().map(|vertex| of(*vertex)).fold(start, better);
            map.layers.rows.iter().map(row).collect()
        };
        let mut begin_less_end = vec![0_i64; map.rows.len()];
        for &(a, b) in edges {
            begin_less_end[map.layers.row_of[a]] += 1;
            begin_less_end[map.layers.row_of[b]] -= 1;
        }
        let passing = begin_less_end.iter().scan(0, |open, change| {
            *open += change;
            Some(usize::try_from(*open).unwrap_or(0))
        });
        Self {
            tops: map.rows.iter().map(|band| band.top).collect(),
            bottoms: map.rows.iter().map(|band| band.bottom).collect(),
            lefts: side(&|vertex| map.x[vertex] - map.spacing.left(vertex), f64::min, f64::MAX),
            rights: side(&|vertex| map.x[vertex] + map.spacing.right(vertex), f64::max, f64::MIN),
            passing: passing.collect(),
            gap: options.row_gap,
            wanted: unturned(WANTED, options.direction),
        }
    }

    fn len(&self) -> usize {
        self.tops.len()
    }

    fn extent(&self, rows: std::ops::Range<usize>) -> (f64, f64) {
        let left = self.lefts[rows.clone()].iter().copied().fold(f64::MAX, f64::min);
        (left, self.rights[rows].iter().copied().fold(f64::MIN, f64::max))
    }

    /// The strips whose shape is nearest to that of a page; none if it is well as it is, or would be all lanes.
    fn best(&self) -> Option<Strips> {
        let (left, right) = self.extent(0..self.len());
        let height = self.bottoms[self.len() - 1] - self.tops[0];
        if height <= HIGHEST * (right - left) {
            return None;
        }
        let width = (right - left).max(1.0);
        let mut best = (misfit(width / height, self.wanted), None);
        // lanes make it wider, and strips are often narrower than the whole was
        let most = (self.wanted * height / width).sqrt();
        let first = ((LEAST_TRIED * most) as usize).max(2);
        for count in first..=self.len() / LEAST_ROWS {
            let strips = Strips::new(self, self.cuts(count, height));
            let aspect = strips.size.width / strips.size.height;
            let off = misfit(aspect, self.wanted);
            if strips.lane_width() <= MOST_LANES * strips.size.width && off < best.0 {
                best = (off, Some(strips));
            } else if aspect > self.wanted {
                break;
            }
        }
        best.1
    }

    /// The first rows of all strips but the first.
    fn cuts(&self, count: usize, height: f64) -> Vec<usize> {
        let one = height / count as f64;
        let cut = |index: usize| {
            let ideal = self.tops[0] + one * index as f64;
            let near = |at: f64| self.tops.partition_point(|top| *top < at).clamp(1, self.len() - 1);
            let away = |row: &usize| (self.tops[*row] - ideal).abs();
            let rows = near(ideal - AWAY * one)..=near(ideal + AWAY * one);
            rows.min_by(|a, b| {
                self.passing[a - 1].cmp(&self.passing[b - 1]).then(away(a).total_cmp(&away(b)))
            })
        };
        let mut cuts: Vec<usize> = (1..count).filter_map(cut).collect();
        cuts.dedup();
        cuts
    }
}

/// Where the rows are cut, and where each strip goes.
struct Strips {
    /// The first row of each strip.
    firsts: Vec<usize>,
    offsets: Vec<Point>,
    /// The heights at which the rows are cut, before anything is moved.
    heights: Vec<f64>,
    /// How many edges pass each cut, and where their lanes begin.
    passing: Vec<usize>,
    lanes: Vec<f64>,
    size: Size,
}

impl Strips {
    fn new(rows: &Rows, cuts: Vec<usize>) -> Self {
        let passing: Vec<usize> = cuts.iter().map(|row| rows.passing[row - 1]).collect();
        let room = |passing: Option<&usize>| passing.map_or(0.0, |passing| bundle(*passing));
        let heights: Vec<f64> = cuts.iter().map(|row| rows.tops[*row] - rows.gap / 2.0).collect();
        let above = (0..cuts.len()).map(|cut| room(passing.get(cut)) + rows.gap / 2.0).fold(0.0, f64::max);
        let firsts: Vec<usize> = [0].into_iter().chain(cuts).collect();
        let (mut offsets, mut lanes) = (Vec::new(), Vec::new());
        let (mut x, mut bottom) = (0.0, 0.0_f64);
        for (strip, &first) in firsts.iter().enumerate() {
            let end = firsts.get(strip + 1).copied().unwrap_or(rows.len());
            let (left, right) = rows.extent(first..end);
            offsets.push(Point::new(x - left, above - rows.tops[first]));
            x += right - left + LANE;
            lanes.push(x);
            x += room(passing.get(strip)) + LANE;
            let high = rows.bottoms[end - 1] - rows.tops[first];
            bottom = bottom.max(above + high + rows.gap / 2.0 + room(passing.get(strip)));
        }
        Self { firsts, offsets, heights, passing, lanes, size: Size { width: x, height: bottom } }
    }

    fn lane_width(&self) -> f64 {
        self.passing.iter().map(|passing| bundle(*passing)).sum()
    }

    fn of_row(&self, row: usize) -> usize {
        self.firsts.partition_point(|first| *first <= row) - 1
    }

    fn offset(&self, strip: usize) -> Point {
        self.offsets[strip]
    }

    /// An edge in pieces, one for each strip that it is in.
    fn cut(&self, map: &Map, (a, b): (usize, usize), curve: &[Bezier]) -> Way {
        let (first, last) = (self.of_row(map.layers.row_of[a]), self.of_row(map.layers.row_of[b]));
        let mut pieces = Vec::with_capacity(last - first + 1);
        let mut rest = curve.to_vec();
        for &height in &self.heights[first..last] {
            let (above, below) = cut_at(rest, height);
            pieces.push(above);
            rest = below;
        }
        pieces.push(rest);
        Way { first, pieces }
    }

    /// The pieces where their strips are, with ways around between them; `lanes` has the number of the lane for each.
    fn join(&self, way: &Way, lanes: &[usize]) -> Vec<Bezier> {
        let mut joined = Vec::new();
        for (index, piece) in way.pieces.iter().enumerate() {
            let strip = way.first + index;
            if index > 0 {
                let from = way.pieces[index - 1].last().map_or(piece[0].0[0], |last| last.0[3]);
                joined.extend(self.around(strip - 1, (from, piece[0].0[0]), lanes[index - 1]));
            }
            joined.extend(piece.iter().map(|part| part.moved(self.offset(strip))));
        }
        joined
    }

    /// From the end of a strip to the start of the next: both are given as they were before.
    fn around(&self, cut: usize, (from, to): (Point, Point), lane: usize) -> Vec<Bezier> {
        let (from, to) = (from + self.offset(cut), to + self.offset(cut + 1));
        let between = between_lanes(self.passing[cut]);
        let x = self.lanes[cut] + (lane + 1) as f64 * between;
        let down = from.y + (lane + 1) as f64 * between;
        let up = to.y - (self.passing[cut] - lane) as f64 * between;
        let way = [
            from,
            Point::new(from.x, down),
            Point::new(x, down),
            Point::new(x, up),
            Point::new(to.x, up),
            to,
        ];
        routes::rounded(&way)
    }
}

/// How far the edges that pass a cut are from each other on their way around.
fn between_lanes(passing: usize) -> f64 {
    (BUNDLE / (passing + 1) as f64).clamp(NARROW_LANE, LANE)
}

/// How much room these edges take together.
fn bundle(passing: usize) -> f64 {
    (passing + 1) as f64 * between_lanes(passing)
}

/// An edge in pieces.
struct Way {
    /// The strip of its first piece.
    first: usize,
    pieces: Vec<Vec<Bezier>>,
}

/// A curve that goes down, above and below a height. The part below is never empty.
fn cut_at(curve: Vec<Bezier>, height: f64) -> (Vec<Bezier>, Vec<Bezier>) {
    let at = curve.iter().position(|part| part.0[3].y > height).unwrap_or(curve.len() - 1);
    let (mut above, mut below) = (curve[..at].to_vec(), curve[at..].to_vec());
    if below[0].0[0].y < height {
        let (upper, lower) = below[0].split(below[0].exit(|point| point.y < height));
        above.push(upper);
        below[0] = lower;
    }
    (above, below)
}

/// For each edge the number of its lane at each cut that it passes. Edges that pass a cut farther to the right have lower
/// ones.
fn assign_lanes(strips: &Strips, ways: &[Way]) -> Vec<Vec<usize>> {
    let mut passing: Vec<Vec<(f64, usize)>> = vec![Vec::new(); strips.heights.len()];
    for (edge, way) in ways.iter().enumerate() {
        for (index, piece) in way.pieces.iter().enumerate().skip(1) {
            passing[way.first + index - 1].push((piece[0].0[0].x, edge));
        }
    }
    let mut lanes: Vec<Vec<usize>> = ways.iter().map(|way| vec![0; way.pieces.len() - 1]).collect();
    for (cut, mut edges) in passing.into_iter().enumerate() {
        edges.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        for (lane, (_, edge)) in edges.into_iter().enumerate() {
            lanes[edge][cut - ways[edge].first] = lane;
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_that_would_be_all_lanes_stays() {
        let rows = |passing: usize| Rows {
            tops: (0..100).map(|row| f64::from(row) * 72.0).collect(),
            bottoms: (0..100).map(|row| f64::from(row) * 72.0 + 36.0).collect(),
            lefts: vec![0.0; 100],
            rights: vec![200.0; 100],
            passing: vec![passing; 100],
            gap: 36.0,
            wanted: WANTED,
        };
        assert_eq!([1, 8, 100].map(|passing| rows(passing).best().is_some()), [true, true, false]);
    }

    #[test]
    fn many_lanes_are_closer_to_each_other() {
        assert_eq!([0, 1, 9, 15, 19, 40].map(bundle), [8.0, 16.0, 80.0, 80.0, 80.0, 164.0]);
    }

    #[test]
    fn curves_are_cut_at_a_height() {
        let line = |from: f64, to: f64| Bezier::line(Point::new(0.0, from), Point::new(9.0, to));
        let lengths = |height: f64| {
            let (above, below) = cut_at(vec![line(0.0, 10.0), line(10.0, 20.0)], height);
            (above.len(), below.len(), below[0].0[0].y.round())
        };
        assert_eq!(
            [lengths(-5.0), lengths(5.0), lengths(10.0), lengths(15.0)],
            [(0, 2, 0.0), (1, 2, 5.0), (1, 1, 10.0), (2, 1, 15.0)]
        );
    }
}
