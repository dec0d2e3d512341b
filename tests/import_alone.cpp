// A program that includes no header: what the module needs of the standard library comes with it.
import pktpool;

namespace {

using pktpool::libtorrent_buckets;

template <class Pool>
bool works()
{
    Pool pool;
    typename Pool::packet_ptr batch[8];
    pool.acquire(548, batch);
    pool.acquire_missing(548, batch);
    pool.shrink_to_bucket(batch[0]);
    pool.release(batch);

    auto p = pool.acquire(1400);
    p->size = 1400;
    p->header_size = 20;
    auto const payload = p->payload().size();
    pool.release(static_cast<typename Pool::packet_ptr&&>(p));

    pool.reserve(20, 4);
    pool.decay();
    auto const idle = pool.idle();
    pool.trim();
    return payload == 1380 && idle.count > 0 && pool.idle().count == 0 && pool.idle(0).bytes == 0;
}

bool counts()
{
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_threaded, pktpool::counted,
                               pktpool::hardened>
        pool;
    auto const p = pool.acquire(20);
    return pool.statistics().total.misses == 1 && !pool.statistics().to_table().empty() &&
           pool.outstanding().front().count == 1;
}

bool keeps_one_bucket()
{
    pktpool::packet_slab slab(548, 10);
    auto p = slab.alloc();
    return slab.try_push_back(p) && slab.idle().count == 1;
}

} // namespace

int main()
{
    bool const all =
        works<pktpool::packet_pool>() && works<pktpool::adaptive_packet_pool>() &&
        works<pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_owner>>() &&
        works<pktpool::basic_packet_pool<libtorrent_buckets, pktpool::synchronized<>,
                                         pktpool::hardened, pktpool::return_on_drop>>() &&
        works<pktpool::basic_packet_pool<pktpool::quic_buckets<pktpool::ip::v4>, pktpool::unchecked,
                                         pktpool::cache_line_source, pktpool::counted,
                                         pktpool::max_idle_bytes<100'000>>>() &&
        counts() && keeps_one_bucket();
    return all ? 0 : 1;
}
