//! Base64: decoding any alphabet, encoding one.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use passbridge::base::base64;
use passbridge::provider::template::codec::Codec;

criterion_group!(benches, both_ways);

fn both_ways(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("base64");
    // A challenge, a credential id, an attestation.
    for length in [32, 64, 1024] {
        let bytes: Vec<u8> = (0..length).map(|number| (number * 37 % 256) as u8).collect();
        let mut text = Vec::new();
        Codec::Base64.write_bytes(&bytes, &mut text);
        let text = String::from_utf8(text).unwrap();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("read", length), &text, |bencher, text| {
            bencher.iter(|| black_box(base64::read(text)));
        });
        group.bench_with_input(BenchmarkId::new("write", length), &bytes, |bencher, bytes| {
            let mut out = Vec::with_capacity(bytes.len() * 2);
            bencher.iter(|| {
                out.clear();
                Codec::Base64Url.write_bytes(bytes, &mut out);
                black_box(out.len())
            });
        });
    }
}
