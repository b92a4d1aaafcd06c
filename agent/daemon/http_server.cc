#include "agent/daemon/http_server.h"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base/ip.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t kMostRequest = std::size_t{8} << 10U;  // bytes
constexpr std::size_t kMostPeers = 16;
constexpr Loop::Millis kPatience{5'000};

struct Place {
  base::IpAddress address;
  std::uint16_t port = 0;
};

base::Result<Place> parse_place(const std::string& text) {
  const Error wrong(ErrorKind::kBadConfig,
                    "listen '" + text + "': expected ADDRESS:PORT, as 127.0.0.1:19109");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return wrong;
  }
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  Place place;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data() + colon + 1, end, place.port);
  base::Result<base::IpAddress> address = base::IpAddress::parse(host);
  if (failed != std::errc() || rest != end || !address.ok()) {
    return wrong;
  }
  place.address = *address;
  return place;
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Place& place) {
  SocketAddress made;
  if (place.address.family() == base::Family::kIpv4) {
    auto* const ipv4 = reinterpret_cast<sockaddr_in*>(&made.storage);
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(place.port);
    ::inet_pton(AF_INET, place.address.to_string().c_str(), &ipv4->sin_addr);
    made.size = sizeof *ipv4;
  } else {
    auto* const ipv6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(place.port);
    ::inet_pton(AF_INET6, place.address.to_string().c_str(), &ipv6->sin6_addr);
    made.size = sizeof *ipv6;
  }
  return made;
}

base::Result<base::UniqueFd> listen_at(const Place& place, const std::string& text) {
  SocketAddress address = socket_address(place);
  base::UniqueFd fd(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) {
    return Error::from_errno(errno, "make a socket for " + text);
  }
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), address.get(), address.size) != 0 ||
      ::listen(fd.get(), static_cast<int>(kMostPeers)) != 0) {
    return Error::from_errno(errno, "listen at " + text)
        .advice("give another address and port by --listen, or --listen none");
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  SocketAddress address;
  address.size = sizeof address.storage;
  ::getsockname(fd, address.get(), &address.size);
  // The port is at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

const char* phrase_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    default:
      return "Service Unavailable";
  }
}

std::string to_response(const Page& page) {
  return "HTTP/1.1 " + std::to_string(page.status) + " " + phrase_of(page.status) +
         "\r\nContent-Type: " + page.type +
         "\r\nContent-Length: " + std::to_string(page.body.size()) +
         "\r\nConnection: close\r\n\r\n" + page.body;
}

// The path of "GET /metrics?x=y HTTP/1.1"; empty when it is no GET.
std::string_view path_of(std::string_view request) {
  constexpr std::string_view kGet = "GET ";
  if (!request.starts_with(kGet)) {
    return {};
  }
  const std::string_view rest = request.substr(kGet.size());
  return rest.substr(0, rest.find_first_of(" ?\r\n"));
}

}  // namespace

base::Result<std::unique_ptr<HttpServer>> HttpServer::open(const std::string& address, Loop& loop,
                                                           Show show) {
  const Place place = TRY(parse_place(address));
  base::UniqueFd fd = TRY(listen_at(place, address));
  std::unique_ptr<HttpServer> server(new HttpServer(loop, std::move(show)));
  server->address_ = address.substr(0, address.rfind(':') + 1) + std::to_string(port_of(fd.get()));
  HttpServer* const self = server.get();
  server->listener_ = std::make_unique<Listener>(
      loop, std::move(fd), [self](base::UniqueFd peer) { self->accept(std::move(peer)); });
  TRY(server->listener_->open());
  return server;
}

void HttpServer::accept(base::UniqueFd fd) {
  if (peers_.size() >= kMostPeers) {
    return;
  }
  const std::uint64_t number = ++last_number_;
  Peer& peer = peers_[number];
  peer.stream = std::make_unique<Stream>(loop_, std::move(fd), kMostRequest);
  peer.end = loop_.after(kPatience, [this, number] { remove(number); });
  const base::Status opened =
      peer.stream->open([this, number] { on_input(number); },
                        [this, number] { loop_.post([this, number] { remove(number); }); });
  if (!opened.ok()) {
    remove(number);
  }
}

void HttpServer::remove(std::uint64_t number) {
  if (const auto found = peers_.find(number); found != peers_.end()) {
    loop_.cancel(found->second.end);
    peers_.erase(found);
  }
}

void HttpServer::on_input(std::uint64_t number) {
  const auto found = peers_.find(number);
  if (found == peers_.end()) {
    return;
  }
  Stream& stream = *found->second.stream;
  const bool whole = stream.input().find("\r\n\r\n") != std::string::npos;
  if (!whole && !stream.input_full() && !stream.input_ended()) {
    return;
  }
  const std::string_view path = path_of(stream.input());
  if (!whole) {
    stream.send(to_response({.status = 400, .body = "the request has no end\n"}));
  } else if (path.empty()) {
    stream.send(to_response({.status = 405, .body = "GET alone\n"}));
  } else {
    stream.send(to_response(show_(path)));
  }
  stream.close_when_sent();
}

}  // namespace catena::agent
