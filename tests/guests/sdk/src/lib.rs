//! Tasks written with `wask-guest`: every kind of type that the attribute knows, and two modules
//! with tasks in one component.

/// Words.
#[wask_guest::tasks]
pub mod words {
    use std::collections::BTreeMap;

    /// Counts the words of a text.
    ///
    /// White space separates them.
    pub fn count_words(text: &str) -> Vec<(String, u32)> {
        let mut counts = BTreeMap::new();
        for word in text.split_whitespace() {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    /// The longest word, if there is any.
    pub fn longest(text: String) -> Option<String> {
        let longest = text.split_whitespace().max_by_key(|word| word.len());
        longest.map(str::to_owned)
    }
}

/// Shapes.
#[wask_guest::tasks]
pub mod geometry {
    /// A point in the plane.
    #[derive(Clone)]
    pub struct Point {
        pub x: f64,
        pub y: f64,
        /// What it is called.
        pub r#type: Option<String>,
    }

    pub enum Shape {
        Dot,
        Circle(f64),
        Polygon(Polygon),
    }

    #[derive(Clone, Copy, PartialEq)]
    pub enum Axis {
        Horizontal,
        VerticalOnly,
    }

    pub enum GeometryError {
        TooFew(u32),
        NotFinite,
    }

    type Polygon = Vec<Point>;

    /// The points of a shape, each mirrored.
    pub fn mirror(shape: Shape, at: Axis) -> Result<Polygon, GeometryError> {
        let points = match shape {
            Shape::Dot => return Err(GeometryError::TooFew(1)),
            Shape::Circle(radius) if !radius.is_finite() => return Err(GeometryError::NotFinite),
            Shape::Circle(_) => return Err(GeometryError::TooFew(0)),
            Shape::Polygon(points) => points,
        };
        Ok(points.iter().map(|point| mirrored(point, at)).collect())
    }

    /// The same shape, to see that everything goes both ways.
    pub fn echo(shape: Shape, rest: Option<(Point, Axis)>) -> (Shape, Option<(Point, Axis)>) {
        (shape, rest)
    }

    /// Refuses if two points are one.
    pub fn check(points: &[Point], data: &[u8]) -> Result<(), (u32, Vec<u8>)> {
        let place = |point: &Point| (point.x, point.y);
        let twins = points
            .windows(2)
            .filter(|pair| place(&pair[0]) == place(&pair[1]));
        match twins.count() as u32 {
            0 => Ok(()),
            count => Err((count, data.to_vec())),
        }
    }

    /// Does nothing.
    pub fn nothing() {}

    fn mirrored(point: &Point, at: Axis) -> Point {
        let point = point.clone();
        match at {
            Axis::Horizontal => Point {
                y: -point.y,
                ..point
            },
            Axis::VerticalOnly => Point {
                x: -point.x,
                ..point
            },
        }
    }
}
