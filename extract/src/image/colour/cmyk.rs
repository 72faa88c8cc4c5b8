//! DeviceCMYK to sRGB, as offset print on coated paper looks.

/// The sRGB colours of the 16 solid overprints, as MuPDF renders them (measured), so that both
/// show the same picture: bit 0 of the index is cyan, 1 magenta, 2 yellow, 3 black.
const OVERPRINTS: [[f32; 3]; 16] = [
    [255.0, 255.0, 255.0],
    [0.0, 174.0, 239.0],
    [236.0, 0.0, 140.0],
    [46.0, 48.0, 146.0],
    [255.0, 242.0, 0.0],
    [0.0, 166.0, 80.0],
    [237.0, 28.0, 36.0],
    [54.0, 54.0, 57.0],
    [35.0, 31.0, 32.0],
    [0.0, 14.0, 35.0],
    [35.0, 0.0, 0.0],
    [0.0, 0.0, 1.0],
    [27.0, 26.0, 0.0],
    [0.0, 18.0, 0.0],
    [34.0, 0.0, 0.0],
    [0.0, 0.0, 0.0],
];

/// Mixes the overprints by the area that each covers where the screens of the inks are independent
/// (Demichel's equations). Mixing sRGB values and not light stands for dot gain.
pub(super) fn to_rgb(inks: [u8; 4]) -> [u8; 3] {
    let mut areas = [0.0; 16];
    areas[0] = 1.0;
    for (ink, amount) in inks.into_iter().enumerate() {
        let covered = f32::from(amount) / 255.0;
        let (without, with) = areas.split_at_mut(1 << ink);
        for (without, with) in without.iter_mut().zip(with) {
            *with = *without * covered;
            *without -= *with;
        }
    }
    let mut rgb = [0.5; 3];
    for (area, colour) in areas.iter().zip(&OVERPRINTS) {
        for (channel, value) in rgb.iter_mut().zip(colour) {
            *channel += area * value;
        }
    }
    rgb.map(|channel| channel as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solid_inks_are_their_overprints() {
        assert_eq!(to_rgb([0, 0, 0, 0]), [255, 255, 255]);
        assert_eq!(to_rgb([255, 0, 0, 0]), [0, 174, 239]);
        assert_eq!(to_rgb([0, 255, 255, 0]), [237, 28, 36]);
        assert_eq!(to_rgb([255, 255, 255, 255]), [0, 0, 0]);
    }

    #[test]
    fn half_black_is_a_middle_gray() {
        let [red, green, blue] = to_rgb([0, 0, 0, 128]);
        assert!((140..155).contains(&red) && red.abs_diff(green) < 4 && green.abs_diff(blue) < 4);
    }
}
