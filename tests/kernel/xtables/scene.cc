#include "tests/kernel/xtables/scene.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "common/base/unique_fd.h"
#include "tests/support/paths.h"

namespace catena::xtables::test {
namespace {

using base::IpAddress;
using base::Status;
using catena::test::ScratchNetNs;
using firewall::Xtables;

std::string program() { return catena::test::bin_dir() + "/catena-xtables"; }

template <typename Work>
auto on_node(const Scene& scene, Work work) {
  std::optional<decltype(work(Xtables("")))> outcome;
  scene.node.netns.run([&outcome, &work] { outcome = work(Xtables(program())); });
  return *std::move(outcome);
}

std::vector<std::string> texts(base::Result<std::vector<std::string>> found) {
  if (!found.ok()) {
    ADD_FAILURE() << found.error().text();
    return {};
  }
  return std::move(found).value();
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address at(const IpAddress& address, std::uint16_t port) {
  Address made;
  if (address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    std::memcpy(&v4->sin_addr, address.data(), address.size());
    made.size = sizeof(*v4);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    std::memcpy(&v6->sin6_addr, address.data(), address.size());
    made.size = sizeof(*v6);
  }
  return made;
}

base::UniqueFd bound(const ScratchNetNs& netns, const IpAddress& address, std::uint16_t port,
                     bool tcp) {
  base::UniqueFd fd;
  netns.run([&] {
    fd.reset(::socket(address.is_v4() ? AF_INET : AF_INET6,
                      (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const Address own = at(address, port);
    if (::bind(fd.get(), own.get(), own.size) != 0) {
      ADD_FAILURE() << "bind to " << address.to_string() << ": " << std::strerror(errno);
    }
  });
  return fd;
}

bool comes(const base::UniqueFd& fd, std::chrono::milliseconds patience) {
  pollfd waiting{fd.get(), POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
}

bool passes(const Call& call, const IpAddress& address, std::uint16_t port,
            std::chrono::milliseconds patience) {
  const base::UniqueFd callee =
      bound(call.to.netns, address_of(call.to, call.family), call.port, call.tcp);
  const base::UniqueFd caller =
      bound(call.from.netns, address_of(call.from, call.family), 0, call.tcp);
  const Address there = at(address, port);
  if (!call.tcp) {
    return ::sendto(caller.get(), "x", 1, 0, there.get(), there.size) == 1 &&
           comes(callee, patience);
  }
  EXPECT_EQ(::listen(callee.get(), 1), 0) << std::strerror(errno);
  if (::connect(caller.get(), there.get(), there.size) != 0 && errno != EINPROGRESS) {
    return false;
  }
  return comes(callee, patience);
}

std::string without_comments_and_counters(const std::string& text) {
  std::string kept;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1);
    std::string line = text.substr(begin, end - begin + 1);
    if (!line.starts_with('#')) {
      const std::size_t counters = line.starts_with(':') ? line.find(" [") : std::string::npos;
      kept += counters == std::string::npos ? line : line.substr(0, counters) + "\n";
    }
    begin = end + 1;
  }
  return kept;
}

netpol::Set set_of(const std::vector<const Place*>& who, base::Family family) {
  netpol::Set set;
  set.family = family;
  std::ranges::transform(who, std::back_inserter(set.addresses),
                         [family](const Place* place) { return address_of(*place, family); });
  std::ranges::sort(set.addresses);
  return set;
}

}  // namespace

OwnLock::OwnLock() : path_(directory_.path() + "/xtables.lock") {
  ::setenv("XTABLES_LOCKFILE", path_.c_str(), 1);
}

Status Scene::sync(const netpol::Rules& rules) const {
  return on_node(*this, [&](const Xtables& xtables) { return xtables.sync(rules); });
}
Status Scene::put(const netpol::Rules& rules) const {
  return on_node(*this, [&](const Xtables& xtables) { return xtables.put(rules); });
}
Status Scene::close_subject(const std::string& id, const Place& pod) const {
  return on_node(*this, [&](const Xtables& xtables) {
    return xtables.close_subject(id, {pod.v4, pod.v6});
  });
}
Status Scene::remove_subject(const std::string& id) const {
  return on_node(*this, [&](const Xtables& xtables) { return xtables.remove_subject(id); });
}
Status Scene::remove_all() const {
  return on_node(*this, [](const Xtables& xtables) { return xtables.remove_all(); });
}
Status Scene::can_do() const {
  return on_node(*this, [](const Xtables& xtables) { return xtables.can_do(); });
}
std::vector<std::string> Scene::differences(const netpol::Rules& rules) const {
  return texts(on_node(*this, [&](const Xtables& xtables) { return xtables.differences(rules); }));
}
std::vector<std::string> Scene::differences_of(const netpol::Rules& rules) const {
  return texts(
      on_node(*this, [&](const Xtables& xtables) { return xtables.differences_of(rules); }));
}
std::vector<std::string> Scene::subjects() const {
  return texts(on_node(*this, [](const Xtables& xtables) { return xtables.subjects(); }));
}

std::string Scene::saved(const std::string& table) const {
  return without_comments_and_counters(
      node.netns.sh("iptables-legacy-save -t " + table + " && ip6tables-legacy-save -t " + table));
}

catena::test::Outcome run_xtables(const Scene& scene, const std::vector<std::string>& words,
                                  const std::string& input) {
  std::vector<std::string> argv{program()};
  argv.insert(argv.end(), words.begin(), words.end());
  return catena::test::run_process(argv, {.input = input, .netns_fd = scene.node.netns.fd()});
}

bool reaches(const Call& call) {
  return passes(call, address_of(call.to, call.family), call.port, catena::test::kUntilItComes);
}

bool is_kept_from(const Call& call) {
  return !passes(call, address_of(call.to, call.family), call.port, catena::test::kLongEnough);
}

bool reaches_by(const Call& call, const IpAddress& address, std::uint16_t port) {
  return passes(call, address, port, catena::test::kLongEnough * 2);
}

netpol::Subject subject_of(const Place& pod) {
  netpol::Subject subject;
  subject.addresses = {pod.v4, pod.v6};
  return subject;
}

Pair add_peers(netpol::Rules& rules, const std::string& name,
               const std::vector<const Place*>& who) {
  const Pair pair{"s4-" + name, "s6-" + name};
  rules.sets[pair.v4] = set_of(who, base::Family::kIpv4);
  rules.sets[pair.v6] = set_of(who, base::Family::kIpv6);
  return pair;
}

void add_chain(netpol::Rules& rules, const std::string& name, const Pair& peers,
               std::uint16_t port) {
  for (const std::string& set : {peers.v4, peers.v6}) {
    rules.chains[name].rules.push_back(
        {.protocol = IPPROTO_TCP, .first_port = port, .last_port = port, .peers = set});
  }
}

netpol::Rules all_closed(const Place& pod) {
  netpol::Rules rules;
  netpol::Subject subject = subject_of(pod);
  subject.ingress.emplace();
  subject.egress.emplace();
  rules.subjects["closed"] = subject;
  return rules;
}

netpol::Rules only_b_to_a(const Scene& scene) {
  netpol::Rules rules;
  add_chain(rules, "p-in-web", add_peers(rules, "b", {&scene.pod_b}));
  netpol::Subject subject = subject_of(scene.pod_a);
  subject.ingress = {"p-in-web"};
  subject.egress.emplace();
  rules.subjects["a"] = subject;
  return rules;
}

}  // namespace catena::xtables::test
