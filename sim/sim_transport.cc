#include "sim/sim_transport.h"

#include "sim/gateway/call.h"
#include "sim/world.h"

namespace catena::sim {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using cloud::HttpResponse;

constexpr std::string_view kMetadataHost = "100.100.100.200";

Error not_sent(const std::string& url, const std::string& why) {
  return Error(ErrorKind::kTryAgain, url.substr(0, url.find('?')) + ": " + why)
      .code(cloud::kNotSent);
}

Error no_answer(const std::string& url, const std::string& why) {
  return Error(ErrorKind::kTryAgain, url.substr(0, url.find('?')) + ": " + why)
      .code(cloud::kNoAnswer);
}

}  // namespace

VirtualPace::VirtualPace(World& world, Gateway& gateway)
    : world_(world), gateway_(gateway), start_(world.now()) {}

std::chrono::system_clock::time_point VirtualPace::wall() const {
  const auto guard = gateway_.lock();
  return world_.now();
}

std::chrono::milliseconds VirtualPace::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall() - start_);
}

void VirtualPace::sleep(std::chrono::milliseconds time) {
  const auto guard = gateway_.lock();
  world_.advance(time);
}

SimTransport::SimTransport(World& world, Gateway& gateway, MetadataService& metadata,
                           cloud::Pace& pace, std::string instance)
    : region_(world.scene().region),
      gateway_(gateway),
      metadata_(metadata),
      pace_(pace),
      instance_(std::move(instance)) {}

bool SimTransport::serves(const std::string& authority) const {
  const HostMeaning host = meaning_of(authority.substr(0, authority.find(':')));
  return more_hosts_.contains(authority) ||
         (!host.product.empty() && (host.region.empty() || host.region == region_));
}

Result<HttpResponse> SimTransport::exchange(const cloud::HttpRequest& request) {
  const Result<UrlParts> url = split_url(request.url);
  if (!url.ok()) {
    return not_sent(request.url, url.error().message());
  }
  Answer answer;
  if (url->authority == kMetadataHost && url->scheme == "http") {
    const std::string query = url->query.empty() ? "" : "?" + url->query;
    answer = metadata_.answer(instance_, request.method, url->path + query, request.headers);
  } else if (serves(url->authority)) {
    answer = gateway_.handle(request);
  } else {
    return not_sent(request.url, "no such host in the simulated cloud");
  }
  if (answer.delay >= request.timeout) {
    pace_.sleep(request.timeout);
    return no_answer(request.url,
                     "no answer within " + std::to_string(request.timeout.count()) + " ms");
  }
  pace_.sleep(answer.delay);
  switch (answer.fate) {
    case Answer::Fate::kWhole:
      break;
    case Answer::Fate::kRefused:
      return not_sent(request.url, "connection refused");
    case Answer::Fate::kLost:
      return no_answer(request.url, "the connection was closed without an answer");
    case Answer::Fate::kCut:
      return no_answer(request.url, "the connection was closed in the middle of the answer");
  }
  return std::move(answer.response);
}

}  // namespace catena::sim
