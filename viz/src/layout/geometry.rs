//! Points, sizes and cubic Bézier curves.

use std::ops::{Add, Mul, Sub};

/// A place in the drawing, in points; `y` grows downwards.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// An extent in points.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Size {
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

impl Size {
    pub(super) fn turned(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

impl Point {
    pub(super) fn turned(self) -> Self {
        Self { x: self.y, y: self.x }
    }

    pub(super) fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// The point that lies at a share `t` of the way to another.
    pub(super) fn towards(self, other: Point, t: f64) -> Point {
        self + (other - self) * t
    }

    pub(super) fn dot(self, other: Point) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// The distance from the origin.
    pub(super) fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The same direction with length one; straight down for the origin.
    pub(super) fn unit(self) -> Point {
        let length = self.length();
        if length > 1e-9 { self * (1.0 / length) } else { Point::new(0.0, 1.0) }
    }
}

impl Add for Point {
    type Output = Point;
    fn add(self, other: Point) -> Point {
        Point::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Point;
    fn sub(self, other: Point) -> Point {
        Point::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f64> for Point {
    type Output = Point;
    fn mul(self, factor: f64) -> Point {
        Point::new(self.x * factor, self.y * factor)
    }
}

/// A cubic Bézier curve: both ends, and the two points between that bend it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bezier(pub(super) [Point; 4]);

impl Bezier {
    /// A straight line as a curve.
    pub(super) fn line(a: Point, b: Point) -> Self {
        Self([a, a.towards(b, 1.0 / 3.0), a.towards(b, 2.0 / 3.0), b])
    }

    /// A curve that begins and ends vertically.
    pub(super) fn bend(a: Point, b: Point) -> Self {
        let half = Point::new(0.0, (b.y - a.y) / 2.0);
        Self([a, a + half, b - half, b])
    }

    pub(super) fn moved(&self, by: Point) -> Self {
        Self(self.0.map(|point| point + by))
    }

    pub(super) fn at(&self, t: f64) -> Point {
        let [a, b, c, d] = self.0;
        let u = 1.0 - t;
        a * (u * u * u) + b * (3.0 * u * u * t) + c * (3.0 * u * t * t) + d * (t * t * t)
    }

    /// The parts before and after `t`, by de Casteljau's construction.
    pub(super) fn split(&self, t: f64) -> (Bezier, Bezier) {
        let [a, b, c, d] = self.0;
        let (ab, bc, cd) = (a.towards(b, t), b.towards(c, t), c.towards(d, t));
        let (abc, bcd) = (ab.towards(bc, t), bc.towards(cd, t));
        let middle = abc.towards(bcd, t);
        (Bezier([a, ab, abc, middle]), Bezier([middle, bcd, cd, d]))
    }

    /// The `t` at which the curve leaves a region, found by halving; it must start inside and end outside.
    pub(super) fn exit(&self, inside: impl Fn(Point) -> bool) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..30 {
            let middle = (low + high) / 2.0;
            if inside(self.at(middle)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    pub(super) fn reversed(&self) -> Bezier {
        let [a, b, c, d] = self.0;
        Bezier([d, c, b, a])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(point: Point, x: f64, y: f64) {
        assert!((point - Point::new(x, y)).length() < 1e-9, "{point:?} is not ({x}, {y})");
    }

    #[test]
    fn curves() {
        let curve =
            Bezier([Point::new(0.0, 0.0), Point::new(0.0, 4.0), Point::new(8.0, 4.0), Point::new(8.0, 8.0)]);
        check(curve.at(0.0), 0.0, 0.0);
        check(curve.at(0.5), 4.0, 4.0);
        check(curve.at(1.0), 8.0, 8.0);
        let (first, second) = curve.split(0.25);
        check(first.at(1.0), curve.at(0.25).x, curve.at(0.25).y);
        check(second.at(0.0), curve.at(0.25).x, curve.at(0.25).y);
        check(second.at(1.0 / 3.0), curve.at(0.5).x, curve.at(0.5).y);
        check(Bezier::line(Point::new(1.0, 1.0), Point::new(4.0, 7.0)).at(0.5), 2.5, 4.0);
    }

    #[test]
    fn halving_finds_the_border() {
        let line = Bezier::line(Point::new(0.0, 0.0), Point::new(10.0, 0.0));
        assert!((line.exit(|p| p.x < 2.5) - 0.25).abs() < 1e-6);
    }
}
