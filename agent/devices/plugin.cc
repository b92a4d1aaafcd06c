#include "agent/devices/plugin.h"

#include <algorithm>
#include <optional>
#include <sys/stat.h>
#include <utility>

#include "common/cloud/eni_conf.h"

namespace catena::devices {
namespace {

using base::Result;
using base::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kEndpoint = "catena-eni.sock";
constexpr const char* kRegister = "/v1beta1.Registration/Register";
constexpr const char* kService = "/v1beta1.DevicePlugin/";
// Of eni.capacity; it may have to ask the cloud for the instance's limits.
constexpr milliseconds kAgentPatience{20'000};
constexpr milliseconds kFirstAskAgain{2'000};
// Kubelet answers only after it has called back, for which it has 10 s.
constexpr milliseconds kKubeletPatience{15'000};
// Kubelet asks for the list at once after a registration, or never.
constexpr seconds kListPatience{10};
constexpr milliseconds kFirstRetry{200};
constexpr milliseconds kLastRetry{10'000};
// Nothing that happens goes unheard of for longer, whatever inotify missed.
constexpr milliseconds kLookPeriod{5'000};
constexpr milliseconds kGather{50};

// Tells one kubelet's socket from the next one's at the same path; 0 where there is none.
std::uint64_t mark_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) {
    return 0;
  }
  const auto made = static_cast<std::uint64_t>(info.st_ctim.tv_sec) * 1'000'000'000U +
                    static_cast<std::uint64_t>(info.st_ctim.tv_nsec);
  return made ^ (info.st_ino << 32U) ^ 1U;
}

}  // namespace

// What one look at agent and eni.conf brought.
struct Plugin::Heard {
  Result<bool> wanted;
  std::optional<Result<Capacity>> capacity;  // nothing where it is not wanted
};

Plugin::Plugin(PluginOptions options, Offer offer, agent::Loop& loop, base::Log& log)
    : options_(std::move(options)), offer_(std::move(offer)), loop_(loop), log_(log) {}

Result<std::unique_ptr<Plugin>> Plugin::open(const PluginOptions& options, agent::Loop& loop,
                                             base::Log& log) {
  std::string trouble;
  Offer offer = Offer::load(options.state_dir, trouble);
  if (!trouble.empty()) {
    log.warning("what was offered last is not known: " + trouble);
  }
  std::unique_ptr<Plugin> plugin(new Plugin(options, std::move(offer), loop, log));
  Plugin* const self = plugin.get();
  plugin->folder_ = TRY(
      agent::FolderWatch::open_later({options.kubelet_dir, agent::WatchedFolder::Changes::kNames},
                                     loop, [self] { self->look_after(kGather); }));
  // An eni.conf that can't be read changes nothing; ask() tells what is wrong with it.
  const Result<bool> wanted = cloud::advertises_enis(options.eni_conf);
  plugin->wanted_ = !wanted.ok() || *wanted;
  plugin->tell_wanted();
  plugin->ask();
  plugin->look();
  return plugin;
}

void Plugin::ask() {
  lane_.submit([this] {
    Heard heard{.wanted = cloud::advertises_enis(options_.eni_conf), .capacity = std::nullopt};
    const bool useful = !heard.wanted.ok() || *heard.wanted;
    if (useful) {
      heard.capacity = ask_capacity(kAgentPatience);
    }
    loop_.post([this, heard = std::move(heard)] { hear(heard); });
  });
}

void Plugin::hear(const Heard& heard) {
  std::string trouble;
  if (!heard.wanted.ok()) {
    trouble = heard.wanted.error().text();  // what it said before holds
  } else if (*heard.wanted != wanted_) {
    wanted_ = *heard.wanted;
    tell_wanted();
  }
  if (heard.capacity.has_value() && heard.capacity->ok()) {
    take(**heard.capacity);
  } else if (heard.capacity.has_value()) {
    trouble = heard.capacity->error().text();
  }
  tell_trouble(agent_trouble_, trouble);
  const Millis first = std::min(kFirstAskAgain, options_.ask_again);
  ask_in_ =
      trouble.empty() ? options_.ask_again : std::clamp(ask_in_ * 2, first, options_.ask_again);
  loop_.after(ask_in_, [this] { ask(); });
  look();
}

void Plugin::take(const Capacity& capacity) {
  const bool changed = offer_.set(capacity);
  if (!changed) {
    return;
  }
  if (const Status saved = offer_.save(); !saved.ok()) {
    log_.warning("what is offered is not kept: " + saved.error().text());
  }
  log_.info("offers " + std::to_string(capacity.enis) + " " + kResource +
            (capacity.reason.empty() ? "" : ": " + capacity.reason));
  if (server_ != nullptr) {
    server_->send_to_open(encode(offer_.devices()));
  }
}

Methods Plugin::methods() {
  const std::string service = kService;
  Methods methods;
  // No options: nothing is to be called before a container starts, and one ENI is like another.
  methods[service + "GetDevicePluginOptions"] = [](std::string_view /*request*/) {
    return Answer();
  };
  methods[service + "ListAndWatch"] = [this](std::string_view /*request*/) {
    return Answer{.text = encode(offer_.devices()), .stays_open = true};
  };
  methods[service + "Allocate"] = [this](std::string_view request) -> Answer {
    const Result<Allocation> allocation = decode_allocation(request);
    if (!allocation.ok()) {
      return {.code = GrpcCode::kInvalidArgument, .text = allocation.error().text()};
    }
    if (const Status allowed = offer_.check(*allocation); !allowed.ok()) {
      log_.warning("refused: " + allowed.error().text());
      return {.code = GrpcCode::kResourceExhausted, .text = allowed.error().text()};
    }
    return {.text = encode_unchanged(allocation->size())};
  };
  return methods;
}

// Makes true what is to be: a socket where kubelet looks, and this kubelet told of it.
void Plugin::look() {
  loop_.cancel(look_timer_);
  look_timer_ = loop_.after(kLookPeriod, [this] { look(); });
  if (!wanted_ || !offer_.known()) {
    server_.reset();
    registering_.reset();
    registered_with_ = 0;
    return;
  }
  Status served = folder_->renew();
  if (served.ok()) {
    served = serve();
  }
  if (!served.ok()) {
    tell_trouble(kubelet_trouble_, served.error().text());
    return;
  }
  consider_registration();
}

void Plugin::look_after(Millis time) {
  loop_.cancel(look_timer_);
  look_timer_ = loop_.after(time, [this] { look(); });
}

Status Plugin::serve() {
  if (server_ != nullptr && server_->is_reachable()) {
    return {};
  }
  server_.reset();
  registered_with_ = 0;
  server_ = TRY(GrpcServer::open(options_.kubelet_dir + "/" + kEndpoint, loop_, methods(),
                                 [this] { look_after(kGather); }));
  return {};
}

void Plugin::consider_registration() {
  const std::uint64_t kubelet = mark_of(options_.kubelet_dir + "/kubelet.sock");
  if (kubelet == 0) {
    registering_.reset();
    registered_with_ = 0;
    tell_trouble(kubelet_trouble_, "there is no kubelet.sock in " + options_.kubelet_dir);
    return;
  }
  const Clock::time_point now = Clock::now();
  const bool is_listened_to = server_->open_calls() > 0 || now - registered_at_ < kListPatience;
  if (registering_ != nullptr || (kubelet == registered_with_ && is_listened_to)) {
    return;
  }
  if (now < not_before_) {
    look_after(std::chrono::ceil<Millis>(not_before_ - now));
    return;
  }
  begin_registration(kubelet);
}

void Plugin::begin_registration(std::uint64_t kubelet) {
  const CallTarget target{.socket = options_.kubelet_dir + "/kubelet.sock", .method = kRegister};
  const std::string message = encode(Registration{.endpoint = kEndpoint, .resource = kResource});
  auto call = GrpcCall::start(
      target, message, kKubeletPatience, loop_,
      [this, kubelet](const Result<std::string>& answer) { end_registration(kubelet, answer); });
  if (!call.ok()) {
    end_registration(kubelet, call.error());
    return;
  }
  registering_ = std::move(call).value();
}

void Plugin::end_registration(std::uint64_t kubelet, const Result<std::string>& answer) {
  registering_.reset();
  const Clock::time_point now = Clock::now();
  if (answer.ok()) {
    registered_with_ = kubelet;
    registered_at_ = now;
    retry_ = Millis(0);
    not_before_ = now + kFirstRetry;
    kubelet_trouble_.clear();
    log_.info("registered " + std::string(kResource) + " with kubelet: " +
              std::to_string(offer_.enis()) + " pods can have an ENI of their own");
    return;
  }
  registered_with_ = 0;
  retry_ = std::clamp(retry_ * 2, kFirstRetry, kLastRetry);
  not_before_ = now + retry_;
  tell_trouble(kubelet_trouble_, answer.error().text());
  look_after(retry_);
}

void Plugin::tell_wanted() {
  if (!wanted_) {
    log_.info("disable_device_plugin is set in " + options_.eni_conf + ": offers nothing");
  }
}

// Once, however often it is met.
void Plugin::tell_trouble(std::string& last, const std::string& now) {
  if (now != last && !now.empty()) {
    log_.warning(now);
  }
  last = now;
}

}  // namespace catena::devices
