//! The known name that was meant by an unknown one.

/// The remedy for an unknown name: the similar one that exists, or all that exist; `these_are` introduces them, as in
/// "the upstreams are".
pub(crate) fn did_you_mean<'n>(name: &str, known: impl IntoIterator<Item = &'n str>, these_are: &str) -> String {
    let known: Vec<_> = known.into_iter().collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{these_are}: {}", known.join(", ")),
    }
}

/// The known name that is most similar to an unknown one, if one is similar enough to be meant.
pub(crate) fn nearest<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    known
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be changed, added, removed or swapped with their neighbour to turn one word into the other
/// (optimal string alignment distance).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<_>, Vec<_>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let changed = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_name_finds_the_similar_one() {
        assert_eq!(nearest("timeuot", ["timeout", "database"]), Some("timeout"));
        assert_eq!(nearest("zebra", ["timeout", "database"]), None);
        assert_eq!(nearest("onw", ["old", "own"]), Some("own"));
    }
}
