#include "sim/gateway/respond.h"

#include <array>
#include <ctime>

#include <nlohmann/json.hpp>

namespace catena::sim {
namespace {

using nlohmann::ordered_json;

// RFC 9110 section 5.6.7.
std::string http_date(Time time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

cloud::HttpResponse respond(const Exchange& exchange, int status, std::string body) {
  cloud::HttpResponse response;
  response.status = status;
  response.headers = {{"Date", http_date(exchange.now + exchange.delay)},
                      {"Content-Type", std::string(content_type(exchange.format))},
                      {"x-acs-request-id", exchange.request_id}};
  response.body = std::move(body);
  return response;
}

}  // namespace

Answer refuse(Exchange& exchange, const Denial& denial) {
  exchange.code = denial.code;
  exchange.answered = false;
  const std::string& product = exchange.call.product.empty() ? "ecs" : exchange.call.product;
  std::string shown = product;
  shown[0] = static_cast<char>(shown[0] - 'a' + 'A');
  std::string host = exchange.request.host_name();
  if (meaning_of(host).product.empty()) {
    host = product + "." + exchange.region + ".aliyuncs.com";
  }
  ordered_json error = {{"RequestId", exchange.request_id},
                        {"HostId", host},
                        {"Code", denial.code},
                        {"Message", denial.message},
                        {"Recommend", "https://next.api.aliyun.com/troubleshoot?q=" + denial.code +
                                          "&product=" + shown}};
  for (const auto& [name, value] : denial.detail) {
    error["AccessDeniedDetail"][name] = value;
  }
  Answer answer;
  answer.response = respond(exchange, denial.status, render_error(exchange.format, error));
  for (const auto& header : denial.headers) {
    answer.response.headers.push_back(header);
  }
  answer.delay = exchange.delay;
  return answer;
}

Answer succeed(Exchange& exchange, nlohmann::json result) {
  exchange.answered = true;
  result["RequestId"] = exchange.request_id;
  Answer answer;
  answer.response =
      respond(exchange, 200, render_success(exchange.format, exchange.call.action, result));
  answer.delay = exchange.delay;
  return answer;
}

Answer spoil(Exchange& exchange, const Fault& fault, Answer answer) {
  exchange.delay += fault.delay;
  answer.delay = exchange.delay;
  if (fault.what == Fault::What::kError) {
    return refuse(exchange, {fault.status, fault.code, fault.message, {}, {}});
  }
  if (fault.what == Fault::What::kSlow) {
    return answer;
  }
  exchange.code.clear();
  exchange.answered = false;
  switch (fault.what) {
    case Fault::What::kError:
    case Fault::What::kSlow:
      break;
    case Fault::What::kLost:
      answer.fate = Answer::Fate::kLost;
      break;
    case Fault::What::kRefused:
      answer.fate = Answer::Fate::kRefused;
      break;
    case Fault::What::kHtml:
      answer.response.status = 502;
      answer.response.headers = {{"Content-Type", "text/html"}};
      answer.response.body =
          "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
          "Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
      break;
    case Fault::What::kGarbage:
      answer.response.status = 200;
      answer.response.body = std::string("\x1f\x8b\x00{\"RequestId\":<\xff\xfe", 18);
      break;
    case Fault::What::kHalf:
      answer.fate = Answer::Fate::kCut;
      break;
  }
  if (answer.fate == Answer::Fate::kLost || answer.fate == Answer::Fate::kRefused) {
    answer.response = {};
  }
  return answer;
}

}  // namespace catena::sim
