// Compiled, timed and never run: a large file of a typical program with a pool, a client with
// libtorrent and Asio. Without a pool, with libtorrent's pool (WITH_INCLUDE), and with pktpool
// (WITH_IMPORT).
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio.hpp>
#include <libtorrent/alert_types.hpp>
#include <libtorrent/aux_/session_impl.hpp>
#include <libtorrent/magnet_uri.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_handle.hpp>

#if defined(WITH_INCLUDE)
#    include <libtorrent/aux_/packet_pool.hpp>
using pool = libtorrent::aux::packet_pool;
#elif defined(WITH_IMPORT)
import pktpool;
using pool = pktpool::packet_pool;
#endif

namespace {

namespace ip = boost::asio::ip;
using clock_type = std::chrono::steady_clock;

/// The state of a torrent, from its alerts.
struct torrent_record {
    std::string name;
    std::map<libtorrent::piece_index_t, int> failed_pieces;
    std::set<std::string> trackers;
    std::optional<clock_type::time_point> finished;
    std::vector<std::pair<clock_type::time_point, int>> rates;

    [[nodiscard]] double mean_rate() const
    {
        auto const sum = std::accumulate(rates.begin(), rates.end(), 0.0,
                                         [](double a, auto const& b) { return a + b.second; });
        return rates.empty() ? 0.0 : sum / static_cast<double>(rates.size());
    }
};

class client {
public:
    explicit client(libtorrent::settings_pack const& settings) : session_(settings) {}

    void add(std::string const& magnet, std::string const& folder)
    {
        libtorrent::error_code error;
        auto parameters = libtorrent::parse_magnet_uri(magnet, error);
        if (error) {
            throw std::runtime_error(error.message());
        }
        parameters.save_path = folder;
        session_.async_add_torrent(std::move(parameters));
    }

    void handle_alerts()
    {
        std::vector<libtorrent::alert*> alerts;
        session_.pop_alerts(&alerts);
        for (auto* const each : alerts) {
            if (auto const* added = libtorrent::alert_cast<libtorrent::add_torrent_alert>(each)) {
                records_[added->handle.info_hashes()].name = added->torrent_name();
            } else if (auto const* done =
                           libtorrent::alert_cast<libtorrent::torrent_finished_alert>(each)) {
                record_of(*done).finished = clock_type::now();
            } else if (auto const* failed =
                           libtorrent::alert_cast<libtorrent::hash_failed_alert>(each)) {
                ++record_of(*failed).failed_pieces[failed->piece_index];
            } else if (auto const* reply =
                           libtorrent::alert_cast<libtorrent::tracker_reply_alert>(each)) {
                record_of(*reply).trackers.insert(reply->tracker_url());
            }
        }
    }

    void print(std::ostream& out) const
    {
        std::vector<std::pair<double, std::string>> rows;
        for (auto const& [hash, record] : records_) {
            std::ostringstream row;
            row << hash.get_best() << ' ' << record.name << ' ' << record.failed_pieces.size();
            rows.emplace_back(record.mean_rate(), row.str());
        }
        std::sort(rows.begin(), rows.end(), std::greater<>{});
        std::transform(rows.begin(), rows.end(), std::ostream_iterator<std::string>(out, "\n"),
                       [](auto const& row) { return row.second; });
    }

private:
    torrent_record& record_of(libtorrent::torrent_alert const& alert)
    {
        return records_[alert.handle.info_hashes()];
    }

    libtorrent::session session_;
    std::map<libtorrent::info_hash_t, torrent_record> records_;
};

/// Answers each datagram of a peer, and removes silent peers.
class responder : public std::enable_shared_from_this<responder> {
public:
    responder(boost::asio::io_context& context, std::uint16_t port)
        : strand_(boost::asio::make_strand(context)), socket_(strand_, {ip::udp::v4(), port}),
          timer_(strand_), resolver_(strand_)
    {
    }

    void start(std::string const& host)
    {
        resolver_.async_resolve(host, "6881",
                                [self = shared_from_this()](boost::system::error_code error,
                                                            ip::udp::resolver::results_type found) {
                                    for (auto const& each : found) {
                                        self->peers_[each.endpoint()] = clock_type::now();
                                    }
                                    if (!error) {
                                        self->receive();
                                        self->forget();
                                    }
                                });
    }

private:
    void receive()
    {
        socket_.async_receive_from(
            boost::asio::buffer(memory_), peer_,
            [self = shared_from_this()](boost::system::error_code error, std::size_t bytes) {
                if (!error) {
                    self->peers_[self->peer_] = clock_type::now();
                    self->answer(bytes);
                    self->receive();
                }
            });
    }

    void answer(std::size_t bytes)
    {
        auto reply = std::make_shared<std::vector<char>>(
            memory_.begin(), memory_.begin() + static_cast<std::ptrdiff_t>(bytes));
        std::reverse(reply->begin(), reply->end());
        socket_.async_send_to(boost::asio::buffer(*reply), peer_,
                              [reply](boost::system::error_code, std::size_t) {});
    }

    void forget()
    {
        timer_.expires_after(std::chrono::seconds(1));
        timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (!error) {
                auto const limit = clock_type::now() - std::chrono::minutes(1);
                std::erase_if(self->peers_, [&](auto const& each) { return each.second < limit; });
                self->forget();
            }
        });
    }

    boost::asio::strand<boost::asio::io_context::executor_type> strand_;
    ip::udp::socket socket_;
    boost::asio::steady_timer timer_;
    ip::udp::resolver resolver_;
    ip::udp::endpoint peer_;
    std::array<char, 1500> memory_{};
    std::map<ip::udp::endpoint, clock_type::time_point> peers_;
};

} // namespace

#if defined(WITH_INCLUDE) || defined(WITH_IMPORT)
void round_trip(pool& from);

void round_trip(pool& from)
{
    from.release(from.acquire(1472));
}
#endif

int run(int count, char** arguments);

int run(int count, char** arguments)
{
    client torrents{libtorrent::settings_pack{}};
    std::for_each(arguments + 1, arguments + count,
                  [&](std::string const& magnet) { torrents.add(magnet, "."); });
    boost::asio::io_context context;
    std::make_shared<responder>(context, std::uint16_t{6881})->start("localhost");
    auto running = std::async(std::launch::async, [&] { return context.run(); });
    torrents.handle_alerts();
    torrents.print(std::cout);
    return static_cast<int>(running.get());
}
