// libtorrent's pool, from the header that Debian installs, as a release build.
#include <cstddef>

#include <libtorrent/aux_/packet_pool.hpp>

#include "workloads.hpp"

namespace {

class libtorrent_pool {
public:
    using handle = libtorrent::aux::packet_ptr;

    explicit libtorrent_pool(std::size_t) {}

    handle acquire(std::size_t size) { return pool_.acquire(static_cast<int>(size)); }
    void release(handle p) { pool_.release(std::move(p)); }
    static std::byte* data(handle const& p) { return reinterpret_cast<std::byte*>(p->buf); }
    void decay() { pool_.decay(); }

private:
    libtorrent::aux::packet_pool pool_;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run<libtorrent_pool>(argc, argv);
}
