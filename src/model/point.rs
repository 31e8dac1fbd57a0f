//! Points: two or three coordinates in one of four systems, on a plane, in space, or on the earth (WGS 84).
//!
//! A point's coordinates are finite numbers, and zero has no sign, so that equal points are the same bits. Points of
//! different systems are never equal and have no distance.

use std::{cmp::Ordering, fmt};

/// The radius of the sphere that stands for the earth, in metres: the one Neo4j computes with.
const EARTH_RADIUS: f64 = 6_378_140.0;

/// A coordinate reference system. In the order of points in `ORDER BY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Crs {
    /// Longitude and latitude, in degrees.
    Wgs84,
    /// Longitude, latitude, and the height in metres.
    Wgs84In3d,
    /// `x` and `y` on a plane.
    Cartesian,
    /// `x`, `y` and `z` in space.
    CartesianIn3d,
}

impl Crs {
    /// Every system.
    pub const ALL: [Self; 4] = [Self::Wgs84, Self::Wgs84In3d, Self::Cartesian, Self::CartesianIn3d];

    /// Returns the name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wgs84 => "wgs-84",
            Self::Wgs84In3d => "wgs-84-3d",
            Self::Cartesian => "cartesian",
            Self::CartesianIn3d => "cartesian-3d",
        }
    }

    /// Returns the number of the system: a spatial reference identifier.
    pub const fn srid(self) -> u16 {
        match self {
            Self::Wgs84 => 4326,
            Self::Wgs84In3d => 4979,
            Self::Cartesian => 7203,
            Self::CartesianIn3d => 9157,
        }
    }

    /// Returns the system of a name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.strip_suffix("-2d").or_else(|| name.strip_suffix("-2D")).unwrap_or(name);
        Self::ALL.into_iter().find(|crs| crs.name().eq_ignore_ascii_case(name))
    }

    /// Returns the system of a number.
    pub fn of_srid(srid: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|crs| i64::from(crs.srid()) == srid)
    }

    /// Returns the system of this many coordinates, on the earth or not.
    pub const fn of(is_geographic: bool, is_3d: bool) -> Self {
        match (is_geographic, is_3d) {
            (true, false) => Self::Wgs84,
            (true, true) => Self::Wgs84In3d,
            (false, false) => Self::Cartesian,
            (false, true) => Self::CartesianIn3d,
        }
    }

    /// Returns whether points have longitude and latitude.
    pub const fn is_geographic(self) -> bool {
        matches!(self, Self::Wgs84 | Self::Wgs84In3d)
    }

    /// Returns how many coordinates a point has.
    pub const fn n_dimensions(self) -> usize {
        match self {
            Self::Wgs84 | Self::Cartesian => 2,
            Self::Wgs84In3d | Self::CartesianIn3d => 3,
        }
    }
}

/// A point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    crs: Crs,
    /// The third is 0 where there is none.
    coordinates: [f64; 3],
}

/// Why coordinates are those of no point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PointError {
    /// So many were given.
    Dimensions(usize),
    /// One is infinite or no number.
    NotFinite(f64),
    /// This is north of the north pole or south of the south pole.
    Latitude(f64),
}

impl fmt::Display for PointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimensions(n) => write!(f, "{n} coordinates are not those of this system"),
            Self::NotFinite(x) => write!(f, "a coordinate is a finite number, not {x}"),
            Self::Latitude(y) => write!(f, "a latitude is from -90 to 90, not {y}"),
        }
    }
}

impl std::error::Error for PointError {}

impl Point {
    /// Bytes of memory that a shared one takes, about.
    pub(crate) const HEAP_BYTES: usize = size_of::<Self>() + 16;

    /// Returns the point of a system and its coordinates. Longitudes are wrapped to what lies between -180 and 180.
    ///
    /// # Errors
    /// Where the number of coordinates is not that of the system, one is not finite, or a latitude is beyond a pole.
    pub fn new(crs: Crs, coordinates: &[f64]) -> Result<Self, PointError> {
        if coordinates.len() != crs.n_dimensions() {
            return Err(PointError::Dimensions(coordinates.len()));
        }
        if let Some(x) = coordinates.iter().find(|x| !x.is_finite()) {
            return Err(PointError::NotFinite(*x));
        }
        let mut all = [0.0; 3];
        for (to, from) in all.iter_mut().zip(coordinates) {
            // The sum of -0.0 and 0.0 is 0.0.
            *to = from + 0.0;
        }
        if crs.is_geographic() {
            if !(-90.0..=90.0).contains(&all[1]) {
                return Err(PointError::Latitude(all[1]));
            }
            if !(-180.0..=180.0).contains(&all[0]) {
                all[0] = (all[0] + 180.0).rem_euclid(360.0) - 180.0;
            }
        }
        Ok(Self { crs, coordinates: all })
    }

    /// Returns the system.
    pub const fn crs(&self) -> Crs {
        self.crs
    }

    /// Returns the coordinates: `x`, `y`, and `z` where there is one.
    pub fn coordinates(&self) -> &[f64] {
        &self.coordinates[..self.crs.n_dimensions()]
    }

    /// Returns the distance to another point of the same system: on a plane and in space as the crow flies, on the earth in
    /// metres along a great circle (haversine), with heights by Pythagoras at their average. `None` for another system.
    pub fn distance(&self, other: &Self) -> Option<f64> {
        if self.crs != other.crs {
            return None;
        }
        let (a, b) = (&self.coordinates, &other.coordinates);
        if !self.crs.is_geographic() {
            return Some((a[0] - b[0]).hypot(a[1] - b[1]).hypot(a[2] - b[2]));
        }
        let [half_lon, half_lat] = [0, 1].map(|at| (b[at] - a[at]).to_radians() / 2.0);
        let alpha = half_lat.sin().powi(2) + a[1].to_radians().cos() * b[1].to_radians().cos() * half_lon.sin().powi(2);
        let angle = 2.0 * alpha.sqrt().atan2((1.0 - alpha).max(0.0).sqrt());
        let along = (EARTH_RADIUS + f64::midpoint(a[2], b[2])) * angle;
        Some(if self.crs.n_dimensions() == 2 { along } else { along.hypot(a[2] - b[2]) })
    }

    /// Returns whether the point lies in the box of two corners, its edges included; one whose west is east of its east goes
    /// around the 180th meridian. `None` where they are of different systems.
    pub fn is_within(&self, lower_left: &Self, upper_right: &Self) -> Option<bool> {
        if self.crs != lower_left.crs || self.crs != upper_right.crs {
            return None;
        }
        Some((0..self.crs.n_dimensions()).all(|at| {
            let [low, x, high] = [lower_left, self, upper_right].map(|point| point.coordinates[at]);
            if at == 0 && self.crs.is_geographic() && low > high {
                x >= low || x <= high
            } else {
                low <= x && x <= high
            }
        }))
    }

    /// Returns the place in the total order: by system, then by each coordinate.
    pub fn order(&self, other: &Self) -> Ordering {
        let coordinates = self.coordinates.iter().zip(&other.coordinates);
        let by_coordinate = coordinates.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
        self.crs.cmp(&other.crs).then(by_coordinate.unwrap_or(Ordering::Equal))
    }

    /// Returns the point as it is stored: the number of its system and the bits of its coordinates.
    pub(crate) fn to_bits(self) -> (u16, [u64; 3]) {
        (self.crs.srid(), self.coordinates.map(f64::to_bits))
    }

    /// Returns the point of its bits, or `None` where they are those of none.
    pub(crate) fn from_bits(srid: u16, bits: [u64; 3]) -> Option<Self> {
        let crs = Crs::of_srid(srid.into())?;
        let point = Self::new(crs, &bits.map(f64::from_bits)[..crs.n_dimensions()]).ok()?;
        (point.to_bits().1 == bits).then_some(point)
    }

    /// Returns the point of a text: `point({srid: 4326, x: 1.5, y: 2})`, or the map alone, with any of the keys of `point()`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let map = match text.get(..5).filter(|word| word.eq_ignore_ascii_case("point")) {
            Some(_) => text[5..].trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or_default(),
            None => text,
        };
        let entries = map.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let entries = entries.ok_or("a point is written point({x: 1, y: 2}) or {x: 1, y: 2}")?;
        let mut parts = PointParts::default();
        for entry in entries.split(',') {
            let (key, value) = entry.split_once(':').ok_or_else(|| format!("`{}` is no entry", entry.trim()))?;
            let (key, value) = (key.trim(), value.trim());
            let part = parts.get_mut(key).ok_or_else(|| format!("a point has no `{key}`"))?;
            *part = Some(match key {
                "crs" => Part::Text(value.trim_matches(['\'', '"'])),
                _ => Part::Number(value.parse().map_err(|_| format!("`{value}` is no number"))?),
            });
        }
        parts.point()
    }
}

/// What may be said of a point, by the names of it.
#[derive(Debug, Default)]
pub(crate) struct PointParts<'a>([Option<Part<'a>>; PointParts::KEYS.len()]);

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part<'a> {
    Number(f64),
    Text(&'a str),
}

impl<'a> PointParts<'a> {
    /// The names.
    pub(crate) const KEYS: [&'static str; 8] = ["x", "y", "z", "longitude", "latitude", "height", "crs", "srid"];

    /// Returns the place of a name.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Option<Part<'a>>> {
        let at = Self::KEYS.iter().position(|known| *known == key)?;
        Some(&mut self.0[at])
    }

    /// Returns the point.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn point(&self) -> Result<Point, String> {
        let number = |at: usize| match self.0[at] {
            Some(Part::Text(text)) => Err(format!("`{}` is a number, not '{text}'", Self::KEYS[at])),
            Some(Part::Number(number)) => Ok(Some(number)),
            None => Ok(None),
        };
        let named = match self.0[6] {
            Some(Part::Text(name)) => {
                Some(Crs::named(name).ok_or_else(|| format!("there is no coordinate reference system '{name}'"))?)
            }
            Some(Part::Number(n)) => return Err(format!("`crs` is a string, not {n}")),
            None => None,
        };
        let numbered = match number(7)? {
            Some(n) => Some(
                Crs::of_srid(n as i64)
                    .filter(|crs| f64::from(crs.srid()) == n)
                    .ok_or_else(|| format!("there is no coordinate reference system {n}"))?,
            ),
            None => None,
        };
        if let (Some(a), Some(b)) = (named, numbered)
            && a != b
        {
            return Err(format!("`crs` says {}, `srid` says {}", a.name(), b.name()));
        }
        let mut coordinates = Vec::with_capacity(3);
        let mut is_geographic = false;
        for (plain, other) in [(0, 3), (1, 4), (2, 5)] {
            let (a, b) = (number(plain)?, number(other)?);
            if a.is_some() && b.is_some() {
                return Err(format!("`{}` and `{}` say the same", Self::KEYS[plain], Self::KEYS[other]));
            }
            is_geographic |= b.is_some();
            coordinates.push(a.or(b));
        }
        let [Some(x), Some(y), z] = coordinates[..] else {
            return Err("a point needs `x` and `y`, or `longitude` and `latitude`".to_owned());
        };
        let given = named.or(numbered);
        let crs = given.unwrap_or(Crs::of(is_geographic, z.is_some()));
        if is_geographic && !crs.is_geographic() {
            return Err(format!("a point of {} has no longitude, latitude or height", crs.name()));
        }
        let all: Vec<f64> = [Some(x), Some(y), z].into_iter().flatten().collect();
        Point::new(crs, &all).map_err(|error| match error {
            PointError::Dimensions(n) => {
                format!("a point of {} has {} coordinates, not {n}", crs.name(), crs.n_dimensions())
            }
            other => other.to_string(),
        })
    }
}

/// Writes the call that gives the point.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "point({{srid: {}", self.crs.srid())?;
        for (key, x) in ["x", "y", "z"].iter().zip(self.coordinates()) {
            write!(f, ", {key}: ")?;
            super::value::write_float(f, *x)?;
        }
        f.write_str("})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_bits_say_all_of_it() {
        for text in [
            "point({srid: 7203, x: 3.0, y: -0.5})",
            "point({srid: 9157, x: 0.0, y: 4.0, z: 1e20})",
            "point({srid: 4326, x: -180.0, y: 90.0})",
            "point({srid: 4979, x: 56.7, y: 12.78, z: 8.0})",
        ] {
            let point = Point::parse(text).unwrap();
            assert_eq!(point.to_string(), text);
            let (srid, bits) = point.to_bits();
            assert_eq!(Point::from_bits(srid, bits), Some(point));
            assert_eq!(Point::from_bits(1, bits), None);
            assert_eq!(Point::from_bits(srid, [f64::NAN.to_bits(), bits[1], bits[2]]), None);
        }
        assert_eq!(Point::from_bits(7203, [0, 0, 1]), None, "a plane has no third coordinate");
        assert_eq!(Point::from_bits(4326, [0, 100f64.to_bits(), 0]), None);
        assert_eq!(Point::parse("{latitude: 1, longitude:2 , height:3}").unwrap().crs(), Crs::Wgs84In3d);
        assert_eq!(Point::parse("{x:1,y:2,crs:'WGS-84-2D'}").unwrap().crs(), Crs::Wgs84);
        for wrong in
            ["", "{}", "{x: 1}", "{x: 1, y: a}", "point(x: 1, y: 2)", "{x: 1, y: 2, w: 3}", "{x: 1, y: 2, crs: a}"]
        {
            assert!(Point::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn distances_are_those_of_the_manual() {
        let at = |text: &str| Point::parse(text).unwrap();
        let far = |a: &str, b: &str| at(a).distance(&at(b)).unwrap();
        assert!((far("{x: 2.3, y: 4.5}", "{x: 1.1, y: 5.4}") - 1.5).abs() < 1e-12);
        let (a, b) =
            ("{longitude: 12.78, latitude: 56.7, height: 100}", "{latitude: 56.71, longitude: 12.79, height: 100}");
        assert!((far(a, b) - 1_269.914_870_677_909_7).abs() < 1e-6);
        let (a, b) = ("{longitude: 12.564590, latitude: 55.672874}", "{longitude: 12.994341, latitude: 55.611784}");
        assert_eq!(far(a, b).round(), 27842.0);
        assert_eq!(at("{x: 1, y: 2}").distance(&at("{x: 1, y: 2, z: 3}")), None);
    }

    #[test]
    fn boxes_go_around_the_earth() {
        let at = |x: f64, y: f64| Point::new(Crs::Wgs84, &[x, y]).unwrap();
        assert_eq!(at(180.0, 55.66).is_within(&at(179.0, 55.66), &at(-179.0, 55.7)), Some(true));
        assert_eq!(at(0.0, 55.66).is_within(&at(179.0, 55.66), &at(-179.0, 55.7)), Some(false));
        assert_eq!(at(1.0, 1.0).is_within(&at(0.0, 2.0), &at(2.0, 0.0)), Some(false));
        assert_eq!(at(190.0, 0.0), at(-170.0, 0.0));
        assert!(Point::new(Crs::Wgs84, &[0.0, 90.1]).is_err());
    }
}
