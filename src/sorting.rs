//! A sort that is small in the component: one of std's is three to five kilobytes for each type that it
//! sorts, and there are a dozen.

/// Sorts by `key`, in place and in time that does not depend on how the items lie: a heap sort. Items with
/// the same key come in any order.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    for root in (0..items.len() / 2).rev() {
        sift_down(items, root, &key);
    }
    for end in (1..items.len()).rev() {
        items.swap(0, end);
        sift_down(&mut items[..end], 0, &key);
    }
}

/// Moves the item at `root` down, until none below it is greater.
#[inline(never)]
fn sift_down<T, K: Ord>(items: &mut [T], mut root: usize, key: &impl Fn(&T) -> K) {
    loop {
        let mut greatest = root;
        for child in [2 * root + 1, 2 * root + 2] {
            if child < items.len() && key(&items[child]) > key(&items[greatest]) {
                greatest = child;
            }
        }
        if greatest == root {
            return;
        }
        items.swap(root, greatest);
        root = greatest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn items_come_in_the_order_of_their_keys_and_none_is_lost(
            mut items in proptest::collection::vec((0_u8..9, any::<u8>()), 0..40),
        ) {
            let mut all = items.clone();
            sort_by_key(&mut items, |item| item.0);
            prop_assert!(items.is_sorted_by_key(|item| item.0));
            items.sort_unstable();
            all.sort_unstable();
            prop_assert_eq!(items, all);
        }
    }

    #[test]
    fn nothing_and_one_item_are_in_order() {
        sort_by_key(&mut [0_u8; 0], |item| *item);
        let mut one = [7];
        sort_by_key(&mut one, |item| *item);
        assert_eq!(one, [7]);
    }
}
