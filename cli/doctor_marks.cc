// Who else on the node uses our bits of packet marks.
#include <algorithm>
#include <array>

#include "cli/doctor.h"
#include "cli/mark_mask.h"
#include "common/base/program.h"
#include "common/base/text.h"
#include "common/netlink/socket.h"

namespace catena::cli {
namespace {

// Network software known by its links, with the bits it marks packets with by default: Calico
// (Felix, IptablesMarkMask), Cilium (its MARK_MAGIC values), Weave (its IPsec mark).
struct Other {
  const char* link_prefix;
  const char* name;
  std::uint32_t mask;
};
constexpr std::array kOthers{Other{"cali", "Calico", 0xffff0000},
                             Other{"cilium_", "Cilium", 0xffff0f00},
                             Other{"weave", "Weave", 0x00020000}};

constexpr std::string_view kChoose =
    "give the plugin another markMask of 8 bits, or the other side other bits";

Finding overlap(std::uint32_t mask, const std::string& who) {
  return {"marks", Verdict::kBad, "markMask " + hex(mask) + " overlaps with " + who,
          std::string(kChoose)};
}

base::Result<Findings> rules_of_others(std::uint32_t mask) {
  Findings findings;
  auto node = TRY(netlink::Socket::open());
  for (const netlink::Rule& rule : TRY(node.list_rules())) {
    if (rule.protocol != netlink::kProtocol && (rule.mark_mask & mask) != 0) {
      findings.push_back(overlap(mask, "the rule of priority " + std::to_string(rule.priority) +
                                           ", fwmark " + hex(rule.mark) + "/" +
                                           hex(rule.mark_mask)));
    }
  }
  for (const netlink::Link& link : TRY(node.list_links())) {
    for (const Other& other : kOthers) {
      if (link.name.starts_with(other.link_prefix) && (other.mask & mask) != 0) {
        findings.push_back({"marks", Verdict::kWarning,
                            std::string(other.name) + " seems to run here (" + link.name +
                                "); its usual bits " + hex(other.mask) + " overlap with markMask " +
                                hex(mask),
                            std::string(kChoose)});
        break;
      }
    }
  }
  return findings;
}

// The bits that one option of an iptables rule reads or writes: "--set-xmark 0x4000/0x4000".
std::uint32_t bits_of(std::string_view option, const std::string& value) {
  const auto slash = value.find('/');
  const auto number = number_from(value.substr(0, slash));
  const auto mask = slash == std::string::npos ? std::optional(0xffffffffU)
                                               : number_from(value.substr(slash + 1));
  if (!number || !mask) {
    return 0;
  }
  if (option == "--nfmask" || option == "--ctmask") {
    return *number;
  }
  return option == "--mark" ? *mask : *number | *mask;
}

// The rules of iptables-save that touch bits of `mask`, each once.
std::vector<std::string> rules_that_touch(const std::string& saved, std::uint32_t mask) {
  constexpr std::array<std::string_view, 5> kOptions{"--mark", "--set-xmark", "--set-mark",
                                                     "--nfmask", "--ctmask"};
  std::vector<std::string> rules;
  for (const std::string_view line : base::split(saved, '\n')) {
    const auto words = base::split(line, ' ');
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (std::ranges::find(kOptions, words[i]) != kOptions.end() &&
          (bits_of(words[i], std::string(words[i + 1])) & mask) != 0) {
        rules.emplace_back(line);
        break;
      }
    }
  }
  return rules;
}

void add_iptables(std::uint32_t mask, Findings& findings) {
  constexpr std::size_t kMostShown = 3;
  for (const char* const program : {"iptables-save", "ip6tables-save"}) {
    const auto ended = base::run_program({.words = {program}, .input = "", .environment = {}});
    if (!ended.ok() || ended->status != 0) {
      findings.push_back({"marks", Verdict::kUnknown,
                          std::string(program) + " can't be run: its rules were not looked at",
                          ""});
      continue;
    }
    const auto rules = rules_that_touch(ended->out, mask);
    for (std::size_t i = 0; i < std::min(rules.size(), kMostShown); ++i) {
      findings.push_back(overlap(mask, std::string(program) + ": " + rules[i]));
    }
  }
}

}  // namespace

Findings examine_marks(const Conflist* chain) {
  std::optional<std::uint32_t> mask;
  if (chain != nullptr) {
    for (const PluginEntry& entry : chain->plugins) {
      mask = mask ? mask : mark_mask_of(entry);
    }
  }
  if (!mask) {
    return {good("marks", "the chain uses none")};
  }
  auto findings = rules_of_others(*mask);
  if (!findings.ok()) {
    return {found("marks", Verdict::kUnknown, findings.error())};
  }
  add_iptables(*mask, *findings);
  const bool clean = std::ranges::all_of(
      *findings, [](const Finding& finding) { return finding.verdict == Verdict::kUnknown; });
  if (clean) {
    findings->push_back(good("marks", "nobody else was seen to use bits of " + hex(*mask)));
  }
  return std::move(*findings);
}

}  // namespace catena::cli
