#include "cli/chain_rules.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "cli/mark_mask.h"

namespace catena::cli {
namespace {

using Json = nlohmann::json;

// In the order in which a chain must have them.
enum class Role {
  kChooser,  // may make the interface, and leaves it to the next one where it doesn't
  kMaker,    // makes the interface
  kChained,  // works on an interface that is there
  kUnknown,
};

struct Known {
  const char* type;
  Role role;
};
constexpr std::array kKnown{
    Known{"catena-eni", Role::kChooser},
    Known{"catena-vpc-route", Role::kMaker},
    Known{"catena-multiip", Role::kMaker},
    Known{"bridge", Role::kMaker},
    Known{"ptp", Role::kMaker},
    Known{"ipvlan", Role::kMaker},
    Known{"macvlan", Role::kMaker},
    Known{"host-device", Role::kMaker},
    Known{"vlan", Role::kMaker},
    Known{"catena-bandwidth", Role::kChained},
    Known{"catena-policy", Role::kChained},
    Known{"bandwidth", Role::kChained},
    Known{"portmap", Role::kChained},
    Known{"tuning", Role::kChained},
    Known{"firewall", Role::kChained},
    Known{"sbr", Role::kChained},
    Known{"vrf", Role::kChained},
};

Role role_of(const std::string& type) {
  const auto known = std::ranges::find_if(
      kKnown, [&type](const Known& candidate) { return type == candidate.type; });
  return known == kKnown.end() ? Role::kUnknown : known->role;
}

bool is_our_maker(const PluginEntry& entry) {
  return entry.type.starts_with("catena-") && role_of(entry.type) <= Role::kMaker;
}

bool always_makes(const PluginEntry& entry) {
  return role_of(entry.type) == Role::kMaker ||
         (role_of(entry.type) == Role::kChooser && text_in(*entry.json, "when") == "always");
}

Finding bad(std::string subject, std::string text, std::string advice) {
  return {std::move(subject), Verdict::kBad, std::move(text), std::move(advice)};
}

void check_places(const Conflist& conflist, Findings& findings) {
  const PluginEntry* before = nullptr;
  for (const PluginEntry& entry : conflist.plugins) {
    const Role role = role_of(entry.type);
    if (role == Role::kUnknown) {
      continue;
    }
    if (before != nullptr && role < role_of(before->type)) {
      findings.push_back(bad(subject_of(conflist, entry, ""),
                             entry.type + " stands behind " + before->type,
                             "move it in front: what makes the interface comes first"));
    }
    before = before == nullptr || role >= role_of(before->type) ? &entry : before;
  }
}

// Two plugins that do the same are run both, and the second one undoes or doubles the first.
void check_only_one(const Conflist& conflist, const std::array<const char*, 2>& types,
                    const std::string& why, Findings& findings) {
  const PluginEntry* first = nullptr;
  for (const PluginEntry& entry : conflist.plugins) {
    if (entry.type != types[0] && entry.type != types[1]) {
      continue;
    }
    if (first != nullptr) {
      findings.push_back(bad(subject_of(conflist, entry, ""),
                             entry.type + " beside " + first->type + ": " + why, "remove one"));
    }
    first = &entry;
  }
}

}  // namespace

std::string subject_of(const Conflist& conflist, const PluginEntry& entry, const char* key) {
  std::string subject = "plugins[" + std::to_string(&entry - conflist.plugins.data()) + "]";
  return *key == '\0' ? subject : subject + "." + key;
}

Findings check_order(const Conflist& conflist) {
  Findings findings;
  check_places(conflist, findings);
  check_only_one(conflist, {"catena-vpc-route", "catena-multiip"},
                 "a pod gets its interface of one of them", findings);
  check_only_one(conflist, {"catena-bandwidth", "bandwidth"}, "both would limit the pod", findings);
  check_only_one(conflist, {"catena-policy", "catena-policy"}, "one is enough", findings);
  const bool has_unknown = std::ranges::any_of(conflist.plugins, [](const PluginEntry& entry) {
    return role_of(entry.type) == Role::kUnknown;
  });
  if (!conflist.plugins.empty() && !has_unknown &&
      std::ranges::none_of(conflist.plugins, always_makes)) {
    findings.push_back(bad("plugins", "no plugin makes an interface for every pod",
                           "put catena-vpc-route or catena-multiip in front of the others"));
  }
  const PluginEntry* const eni = conflist.find("catena-eni");
  if (eni != nullptr && always_makes(*eni) &&
      std::ranges::count_if(conflist.plugins, always_makes) > 1) {
    findings.push_back({subject_of(conflist, *eni, "when"), Verdict::kWarning,
                        "is \"always\": no pod is left for what makes interfaces behind it",
                        "set when to \"requested\", or remove the other one"});
  }
  return findings;
}

Findings check_policy(const Conflist& conflist) {
  Findings findings;
  const PluginEntry* const policy = conflist.find("catena-policy");
  const bool has_policy = policy != nullptr;
  const bool by_iptables = has_policy && text_in(*policy->json, "backend") == "iptables";
  for (const PluginEntry& entry : conflist.plugins) {
    if (!is_our_maker(entry)) {
      continue;
    }
    const bool closed = is_true(*entry.json, "closedUntilPolicy");
    const std::string subject = subject_of(conflist, entry, "closedUntilPolicy");
    if (by_iptables && closed) {
      findings.push_back(bad(subject,
                             "is true, but by iptables catena-policy opens no guard: no pod would "
                             "ever send or receive",
                             R"(set closedUntilPolicy to false, or backend to "auto")"));
    }
    if (has_policy && !by_iptables && !closed) {
      findings.push_back(bad(subject,
                             "must be true before catena-policy: a new pod would send and receive "
                             "before its rules are in the kernel",
                             "set closedUntilPolicy to true"));
    }
    if (!has_policy && closed) {
      findings.push_back(bad(subject,
                             "is true, but no catena-policy is in the chain: no pod would ever "
                             "send or receive",
                             "set closedUntilPolicy to false, or add catena-policy"));
    }
  }
  return findings;
}

namespace {

std::uint32_t portmap_mark(const PluginEntry& portmap) {
  const auto bit = portmap.json->find("markMasqBit");
  // 13 is portmap's own default (plugins/meta/portmap/README.md).
  const std::uint32_t number =
      bit != portmap.json->end() && bit->is_number_unsigned() ? bit->get<std::uint32_t>() : 13;
  return number < 32 ? 1U << number : 0;
}

}  // namespace

Findings check_marks(const Conflist& conflist) {
  Findings findings;
  std::optional<std::uint32_t> earlier;
  for (const PluginEntry& entry : conflist.plugins) {
    const std::optional<std::uint32_t> mask = mark_mask_of(entry);
    if (!mask) {
      continue;
    }
    const std::string subject = subject_of(conflist, entry, "markMask");
    const std::string choice = "choose 8 bits that nobody else uses, 0x0ff00000 for example";
    if ((*mask & kKubeProxyMarks) != 0) {
      findings.push_back(
          bad(subject, hex(*mask) + " has bits of kube-proxy's marks 0x4000 and 0x8000", choice));
    }
    const PluginEntry* portmap = conflist.find("portmap");
    if (portmap != nullptr && (*mask & portmap_mark(*portmap)) != 0) {
      findings.push_back(
          bad(subject, hex(*mask) + " has the bit of portmap's mark " + hex(portmap_mark(*portmap)),
              choice));
    }
    if (earlier && *earlier != *mask) {
      findings.push_back(bad(subject,
                             hex(*mask) + " is not " + hex(*earlier) + " of the plugin before it",
                             "a node has one mask: give both the same"));
    }
    earlier = mask;
  }
  return findings;
}

namespace {

constexpr const char* kDefaultStateDir = "/var/lib/catena";

struct Needs {
  const char* type;
  const char* capability;
  const char* what;
};
constexpr std::array kNeeds{
    Needs{
        "catena-eni", "io.kubernetes.cri.pod-annotations",
        "that a pod is annotated with k8s.aliyun.com/eni is not seen without a look-up, if at all"},
    Needs{"bandwidth", "bandwidth", "bandwidth annotations of pods have no effect"},
    Needs{"catena-bandwidth", "bandwidth", "bandwidth annotations of pods have no effect"},
    Needs{"portmap", "portMappings", "hostPort of containers has no effect"},
};

}  // namespace

Findings check_agreement(const Conflist& conflist) {
  Findings findings;
  const PluginEntry* first = nullptr;
  for (const PluginEntry& entry : conflist.plugins) {
    for (const Needs& needs : kNeeds) {
      const auto capabilities = entry.json->find("capabilities");
      const bool has = capabilities != entry.json->end() && capabilities->is_object() &&
                       is_true(*capabilities, needs.capability);
      if (entry.type == needs.type && !has && text_in(*entry.json, "when") != "always") {
        findings.push_back({subject_of(conflist, entry, "capabilities"), Verdict::kWarning,
                            std::string(needs.capability) + " is not true: " + needs.what,
                            R"(add "capabilities": {")" + std::string(needs.capability) +
                                R"(": true}, or remove the plugin)"});
      }
    }
    if (!entry.type.starts_with("catena-")) {
      continue;
    }
    const auto directory = [](const PluginEntry& of) {
      const std::string named = text_in(*of.json, "stateDir");
      return named.empty() ? std::string(kDefaultStateDir) : named;
    };
    if (first != nullptr && directory(*first) != directory(entry)) {
      findings.push_back(
          bad(subject_of(conflist, entry, "stateDir"),
              directory(entry) + " is not " + directory(*first) + " of " + first->type,
              "plugins of one chain share one store"));
    }
    first = first == nullptr ? &entry : first;
  }
  return findings;
}

}  // namespace catena::cli
