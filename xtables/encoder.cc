#include "xtables/encoder.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <getopt.h>
#include <memory>
#include <vector>
#include <xtables.h>

#include "common/base/text.h"
#include "xtables/entry.h"

namespace catena::xtables {
namespace {

constexpr std::size_t kMostMessage = 512;  // bytes of what libxtables says

// libxtables has one state for the whole process, and so have these.
Encoder::Failed failed_here = nullptr;
std::string doing;  // NOLINT(*-throwing-static-initialization): empty

// As libxtables calls it. NOLINTNEXTLINE(cert-dcl50-cpp)
[[gnu::noreturn, gnu::format(printf, 2, 3)]] void end_process(xtables_exittype /*status*/,
                                                              const char* format, ...) {
  std::array<char, kMostMessage> text{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  va_end(arguments);
  failed_here(doing + ": " + std::string(base::trim(text.data())));
  std::abort();
}

option no_options[] = {{nullptr, 0, nullptr, 0}};

xtables_globals& globals() {
  static xtables_globals all = [] {
    xtables_globals made{};
    made.program_name = "catena-xtables";
    made.program_version = CATENA_VERSION;
    made.orig_opts = static_cast<option*>(no_options);
    made.exit_err = end_process;
    made.compat_rev = xtables_compatible_revision;
    return made;
  }();
  return all;
}

struct Free {
  void operator()(void* memory) const { std::free(memory); }  // NOLINT(*-no-malloc): libxtables'
};

// A match that libxtables fills in; its memory is taken back at the end.
class Filled {
 public:
  explicit Filled(const std::string& name)
      : match_(xtables_find_match(name.c_str(), XTF_LOAD_MUST_SUCCEED, nullptr)) {
    const std::size_t size = XT_ALIGN(sizeof(xt_entry_match)) + match_->size;
    match_->m = static_cast<xt_entry_match*>(xtables_calloc(1, size));
    match_->m->u.match_size = static_cast<std::uint16_t>(size);
    const char* const kernel_name = match_->real_name == nullptr ? match_->name : match_->real_name;
    std::strncpy(match_->m->u.user.name, kernel_name, sizeof(match_->m->u.user.name) - 1);
    match_->m->u.user.revision = match_->revision;
    match_->mflags = 0;
    if (match_->udata_size != 0) {
      match_->udata = xtables_calloc(1, match_->udata_size);
    }
    if (match_->init != nullptr) {
      match_->init(match_->m);
    }
  }
  Filled(const Filled&) = delete;
  Filled& operator=(const Filled&) = delete;
  Filled(Filled&&) = delete;
  Filled& operator=(Filled&&) = delete;
  ~Filled() {
    xtables_free_opts(1);
    Free()(match_->m);
    Free()(match_->udata);
    match_->m = nullptr;
    match_->udata = nullptr;
  }

  // As a command's line; the words behind the match's name. `entry`: any of the family.
  void parse(std::vector<std::string> words, void* entry) {
    merge_options();
    std::vector<char*> argv{const_cast<char*>(match_->name)};  // NOLINT: getopt only reads it
    argv.reserve(words.size() + 2);
    std::ranges::transform(words, std::back_inserter(argv),
                           [](std::string& word) { return word.data(); });
    argv.push_back(nullptr);
    optind = 0;
    opterr = 0;
    for (;;) {
      const int found = ::getopt_long(static_cast<int>(argv.size() - 1), argv.data(), "-",
                                      globals().opts, nullptr);
      if (found == -1) {
        break;
      }
      if (found == '?' || found == 1) {
        globals().exit_err(PARAMETER_PROBLEM, "it has no such option");
      }
      xtables_option_mpcall(static_cast<unsigned>(found), argv.data(), false, match_, entry);
    }
    xtables_option_mfcall(match_);
  }

  std::string bytes() const {
    return {reinterpret_cast<const char*>(match_->m), match_->m->u.match_size};
  }

 private:
  void merge_options() const {
    option* options = nullptr;
    if (match_->x6_options != nullptr) {
      options = xtables_options_xfrm(globals().orig_opts, globals().opts, match_->x6_options,
                                     &match_->option_offset);
    } else if (match_->extra_opts != nullptr) {
      options = xtables_merge_options(globals().orig_opts, globals().opts, match_->extra_opts,
                                      &match_->option_offset);
    }
    globals().opts = options;
    if (options == nullptr) {
      globals().exit_err(RESOURCE_PROBLEM, "there are no options to be had");
    }
  }

  xtables_match* match_;
};

std::vector<std::string> words_of(const std::string& text) {
  const std::vector<std::string_view> pieces = base::split(text, ' ');
  return {pieces.begin(), pieces.end()};
}

template <typename Family>
std::string build(const Rule& rule, const std::string& matches) {
  // Zeroed bytes and not a value: the kernel gives back what lies between the members too.
  std::string bytes(sizeof(typename Family::Entry), '\0');
  auto& entry = *reinterpret_cast<typename Family::Entry*>(bytes.data());
  Family::fill(entry, rule);
  const std::size_t target_at = bytes.size() + matches.size();
  xt_standard_target target{};
  target.target.u.target_size = XT_ALIGN(sizeof(target));
  std::strncpy(target.target.u.user.name, rule.target.c_str(),
               sizeof(target.target.u.user.name) - 1);
  const std::size_t size = target_at + XT_ALIGN(sizeof(target));
  entry.target_offset = static_cast<std::uint16_t>(target_at);
  entry.next_offset = static_cast<std::uint16_t>(size);
  bytes += matches;
  bytes.append(reinterpret_cast<const char*>(&target), sizeof(target));
  bytes.resize(size);
  return bytes;
}

// Calls `look` with the place and the head of each match of an entry.
template <typename Entry, typename Look>
void each_match(const Entry& entry, const std::string& bytes, Look look) {
  for (std::size_t at = sizeof(entry); at + sizeof(xt_entry_match) <= entry.target_offset;) {
    xt_entry_match match{};
    std::memcpy(&match, bytes.data() + at, sizeof(match));
    if (match.u.match_size < sizeof(match) || at + match.u.match_size > bytes.size()) {
      return;
    }
    look(at, match);
    at += match.u.match_size;
  }
}

template <typename Family>
std::string essence(const std::string& bytes) {
  typename Family::Entry entry{};
  std::memcpy(&entry, bytes.data(), sizeof(entry));
  std::string kept = bytes.substr(0, entry.target_offset);
  each_match(entry, bytes, [&kept](std::size_t at, const xt_entry_match& match) {
    // Behind the end of a name there is what the kernel had in its place.
    constexpr std::size_t kName = offsetof(xt_entry_match, u.user.name);
    constexpr std::size_t kRoom = sizeof(match.u.user.name);
    const std::size_t used = ::strnlen(match.u.user.name, kRoom);
    std::memset(kept.data() + at + kName + used, 0, kRoom - used);
  });
  entry.nfcache = 0;
  entry.comefrom = 0;
  entry.counters = {};
  entry.next_offset = 0;
  std::memcpy(kept.data(), &entry, sizeof(entry));
  return kept;
}

template <typename Family>
EntryFacts facts(const std::string& bytes) {
  typename Family::Entry entry{};
  std::memcpy(&entry, bytes.data(), sizeof(entry));
  EntryFacts facts;
  facts.source = Family::source(entry);
  facts.destination = Family::destination(entry);
  each_match(entry, bytes, [&](std::size_t at, const xt_entry_match& match) {
    if (std::strncmp(match.u.user.name, "comment", sizeof(match.u.user.name)) == 0) {
      const char* const text = bytes.data() + at + sizeof(match);
      facts.comment.assign(text, ::strnlen(text, match.u.match_size - sizeof(match)));
    }
  });
  return facts;
}

}  // namespace

Encoder::Encoder(base::Family family, Failed failed) : family_(family) {
  failed_here = failed;
  doing = "initialise libxtables";
  xtables_init_all(&globals(), family == base::Family::kIpv4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

const std::string& Encoder::match(const std::string& words) {
  const auto known = matches_.find(words);
  if (known != matches_.end()) {
    return known->second;
  }
  doing = "'-m " + words + "' for " + (family_ == base::Family::kIpv4 ? "IPv4" : "IPv6");
  std::vector<std::string> split = words_of(words);
  Filled match(split.front());
  split.erase(split.begin());
  // Some extensions look at the entry; none of those used here needs more than room.
  std::array<std::uint64_t, kRoomOfEntry / sizeof(std::uint64_t)> entry{};
  match.parse(std::move(split), entry.data());
  return matches_.emplace(words, match.bytes()).first->second;
}

std::string Encoder::entry(const Rule& rule) {
  std::string matches;
  for (const std::string& words : rule.matches) {
    matches += match(words);
  }
  return family_ == base::Family::kIpv4 ? build<Ipv4>(rule, matches) : build<Ipv6>(rule, matches);
}

std::string essence_of(base::Family family, const std::string& entry) {
  return family == base::Family::kIpv4 ? essence<Ipv4>(entry) : essence<Ipv6>(entry);
}

EntryFacts facts_of(base::Family family, const std::string& entry) {
  return family == base::Family::kIpv4 ? facts<Ipv4>(entry) : facts<Ipv6>(entry);
}

}  // namespace catena::xtables
