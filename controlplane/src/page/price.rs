//! The price book's figures for one model at one provider.

use weir_contract::money::Money;
use weir_contract::price::PriceBook;
use weir_contract::usage::Bucket;
use weir_web::page::models::PriceView;

/// What a call costs there, as far as the book knows both ways.
pub(super) fn price(book: &PriceBook, provider: &str, upstream_model: &str) -> Option<PriceView> {
    let row = book.find(provider, upstream_model)?;
    let rate = |bucket| row.rates.billed(bucket).map(Money::from_nano);
    Some(PriceView {
        input: rate(Bucket::Input)?,
        cache_read: rate(Bucket::CacheRead),
        output: rate(Bucket::Output)?,
        version: book.version.to_string(),
        source: format!("{}, {}", row.source, row.date),
    })
}
