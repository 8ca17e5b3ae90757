//! Several futures at a time, of a number that is known to be small.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// What each of the futures gives, in their order. All are polled whenever one may go on, which is less
/// than to know which, for as few as are at it here.
pub async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut under_way: Vec<Option<Pin<Box<F>>>> = Vec::new();
    for future in futures {
        under_way.push(Some(Box::pin(future)));
    }
    let mut given: Vec<Option<F::Output>> = under_way.iter().map(|_| None).collect();
    poll_fn(move |context| {
        let mut is_over = true;
        for (future, output) in under_way.iter_mut().zip(&mut given) {
            let Some(running) = future else { continue };
            match running.as_mut().poll(context) {
                Poll::Ready(value) => (*future, *output) = (None, Some(value)),
                Poll::Pending => is_over = false,
            }
        }
        match is_over {
            true => Poll::Ready(given.drain(..).flatten().collect()),
            false => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_executor::block_on;

    use super::*;
    use crate::ports::Clock as _;
    use crate::testing::FakeHost;

    #[test]
    fn they_go_on_side_by_side_and_give_what_they_have_in_their_order() {
        let host = FakeHost::default();
        let futures = [30, 10, 20].map(|time| {
            let host = &host;
            async move {
                host.sleep(Duration::from_millis(time)).await;
                time
            }
        });
        assert_eq!(block_on(together(futures)), [30, 10, 20]);
        assert!(block_on(together([] as [std::future::Ready<u8>; 0])).is_empty());
    }
}
