#include "common/firewall/policies.h"

#include <cerrno>
#include <optional>
#include <thread>
#include <unistd.h>

#include "common/firewall/pod_plan.h"
#include "common/firewall/policies_state.h"
#include "common/firewall/read.h"

namespace catena::firewall {
namespace {

constexpr const char* kAdvice =
    "load nf_tables with nft_ct and nft_fib (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET, "
    "CONFIG_NFT_CT, CONFIG_NFT_FIB_INET), or set the backend to iptables";

// An expired element's chain can go when the kernel has collected the element: once a second.
constexpr std::chrono::seconds kUntilCollected{3};
// Of a subject that is taken down: well behind the guard's entries, which go at once.
constexpr std::chrono::milliseconds kUntilUnjudged{1'000};

constexpr int kTries = 50;
constexpr std::chrono::milliseconds kPause{2};

// Of that chain's subject alone; success where the address leads nowhere.
base::Status let_go(nl_sock* socket, Direction direction, const base::IpAddress& address,
                    const std::string& chain) {
  const Set map = subjects_map(direction, address.family());
  const std::vector<Element> elements = elements_of_addresses({address}, address.family(), chain);
  for (const bool expires : {true, false}) {
    const std::optional<FoundElement> found = TRY(find_element(socket, map, elements.front().key));
    if (!found || found->expiring || found->chain != chain) {
      break;
    }
    Batch batch;
    batch.add(expires ? expire_elements_after(kUntilUnjudged, map, elements)
                      : delete_elements(map, elements));
    TRY(batch.commit(socket));
  }
  return {};
}

// In a table of its own, every kind of object and rule that there is.
Plan everything(Place place, const std::string& table) {
  Plan plan = policy_base(place, table);
  netpol::Chain chain;
  for (const base::Family family : {base::Family::kIpv4, base::Family::kIpv6}) {
    const std::string number = family == base::Family::kIpv4 ? "4-" : "6-";
    const auto add = [&](netpol::SetKind kind, const std::string& letter) {
      netpol::Set set;
      set.kind = kind;
      set.family = family;
      plan.sets.push_back(set_of(letter + number, set, table));
    };
    add(netpol::SetKind::kAddresses, "s");
    add(netpol::SetKind::kNetworks, "b");
    add(netpol::SetKind::kEndpoints, "n");
    chain.rules.push_back({IPPROTO_TCP, 1, 2, "s" + number, {}});
    chain.rules.push_back({0, 0, 0, "b" + number, "n" + number});
  }
  const std::string name = "p-in-";
  const base::Result<std::vector<Rule>> rules = rules_of(name, chain);
  plan.chains.push_back({{table, name, "", 0, 0}, rules.ok() ? *rules : std::vector<Rule>()});
  plan.chains.push_back({{table, "in-", "", 0, 0}, rules_of_subject({name})});
  return plan;
}

}  // namespace

void Policies::Close::operator()(State* state) const { delete state; }

base::Result<std::vector<Change>> Policies::State::entering_of(
    const std::vector<Entry>& entries) const {
  std::vector<Change> changes = TRY(entering(entries));
  if (place == Place::kPodNic) {
    for (const Entry& entry : entries) {
      for (Change& change : add_elements(
               nics_set(), {{key_of_interface(entry.if_name), std::nullopt, std::nullopt}})) {
        changes.push_back(std::move(change));
      }
    }
  }
  return changes;
}

void Policies::State::leave_for_later(const std::string& chain) {
  left_.emplace(chain, std::chrono::steady_clock::now());
}

void Policies::State::delete_left(bool now) {
  const auto before = std::chrono::steady_clock::now() - kUntilCollected;
  Batch batch;
  std::erase_if(left_, [&](const auto& left) {
    const bool is_time = now || left.second < before;
    if (is_time) {
      Change change = delete_chain(kTable, left.first);
      change.ok_if_busy = true;
      batch.add(std::move(change));
    }
    return is_time;
  });
  // They let nothing through, and the next sync() sees them again.
  (void)batch.commit(socket.get());
}

SubjectPart part_of(const std::string& id, const netpol::Subject& subject, Direction direction) {
  SubjectPart part;
  part.chain = subject_chain(direction, id);
  part.policies = direction == Direction::kIngress ? subject.ingress : subject.egress;
  if (part.policies) {
    part.addresses = subject.addresses;
  }
  return part;
}

base::Status explained(base::Status status) {
  if (status.ok()) {
    return status;
  }
  base::Error error = std::move(status).error();
  switch (error.kind()) {
    case base::ErrorKind::kNotFound:
    case base::ErrorKind::kUnsupported:
      return std::move(error).as(base::ErrorKind::kUnsupported).advice(kAdvice);
    case base::ErrorKind::kExists:
      return std::move(error).advice(
          "somebody made an object of this name in table inet catena, which is Catena's own: "
          "remove that table (nft delete table inet catena), then restart the agent and the pods");
    default:
      return error;
  }
}

base::Status in_one_go(nl_sock* socket,
                       const std::function<base::Status(std::uint32_t generation)>& attempt) {
  base::Status done;
  for (int i = 0; i < kTries; ++i) {
    std::this_thread::sleep_for(i * kPause);
    done = attempt(TRY(generation(socket)));
    if (done.ok() || !is_outdated(done.error())) {
      break;
    }
  }
  return done;
}

base::Status place_address(nl_sock* socket, Work& work, Direction direction,
                           const base::IpAddress& address, const std::string& chain) {
  const std::optional<FoundElement> found =
      TRY(find_element(socket, subjects_map(direction, address.family()), key_of(address)));
  if (!found) {
    work.add_subject(direction, address, chain);
  } else if (found->chain != chain || found->expiring) {
    work.move_subject(direction, address, chain);
  }
  return {};
}

base::Result<Policies> Policies::open(Place place) {
  auto socket = TRY(open_socket());
  return Policies(std::unique_ptr<State, Close>(new State(place, std::move(socket))));
}

base::Status Policies::can_do() {
  const std::string table = "catena-try-" + std::to_string(::getpid());
  Batch batch;
  batch.add(ensure(everything(state_->place, table), table));
  batch.add(delete_table(table));
  return explained(batch.commit(state_->socket.get()))
      .context("try the chains of network policies");
}

base::Status Policies::ensure_base() {
  return explained(ensure_with(state_->socket.get(), policy_base(state_->place), {}))
      .context("ensure the chains of network policies");
}

base::Result<bool> Policies::has_base() {
  return is_in_place(state_->socket.get(), policy_base(state_->place));
}

base::Status Policies::close_subject(const std::string& id,
                                     const std::vector<base::IpAddress>& addresses,
                                     const std::vector<Entry>& entries) {
  nl_sock* const socket = state_->socket.get();
  const std::vector<Change> entered = TRY(state_->entering_of(entries));
  const auto attempt = [&](std::uint32_t generation) -> base::Status {
    Work work;
    if (!TRY(has_base())) {
      work.add_base(policy_base(state_->place));
    }
    for (const Direction direction : kDirections) {
      const std::string chain = subject_chain(direction, id);
      work.write_chain(chain, rules_of_subject({}), /*is_in_use=*/false);
      state_->not_for_later(chain);
      for (const base::IpAddress& address : addresses) {
        TRY(place_address(socket, work, direction, address, chain));
      }
    }
    work.add_at_end(entered);
    return work.commit(socket, generation);
  };
  return explained(in_one_go(socket, attempt)).context("close the pod of subject " + id);
}

// The guard first: as long as it lets anything through, the pod is judged.
base::Status Policies::remove_subject(const std::string& id,
                                      const std::vector<base::IpAddress>& addresses,
                                      const std::vector<Entry>& entries) {
  TRY(close_guard(state_->socket.get(), entries).context("close the guard for subject " + id));
  for (const Direction direction : kDirections) {
    for (const base::IpAddress& address : addresses) {
      TRY(let_go(state_->socket.get(), direction, address, subject_chain(direction, id))
              .context("remove subject " + id));
    }
  }
  return {};
}

}  // namespace catena::firewall
