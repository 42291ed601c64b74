// The peers of the JSON path: ms for simdjson's on-demand API to read the numbers of the body in FILE into arrays,
// and for std::to_chars to write the gradient of their MSELoss. The parser and all arrays are reused, as simdjson
// advises. bench/run.py compiles this where g++ and simdjson are present.
//
//   json_numbers FILE [REPEAT]
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <simdjson.h>

using steady = std::chrono::steady_clock;

static double milliseconds_since(steady::time_point begin) {
  return std::chrono::duration<double, std::milli>(steady::now() - begin).count();
}

static double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

static void read_numbers(simdjson::ondemand::array array, std::vector<double> &out) {
  out.clear();
  for (auto value : array) out.push_back(value.get_double());
}

static std::size_t write_numbers(const std::vector<double> &numbers, std::vector<char> &out) {
  char *to = out.data();
  for (double number : numbers) {
    to = std::to_chars(to, to + 32, number).ptr;
    *to++ = ',';
  }
  return static_cast<std::size_t>(to - out.data());
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const int repeat = argc > 2 ? std::atoi(argv[2]) : 9;
  const simdjson::padded_string body = simdjson::padded_string::load(argv[1]);
  simdjson::ondemand::parser parser;
  std::vector<double> input, target, decode_ms, encode_ms;
  for (int i = 0; i < repeat; i++) {
    const auto begin = steady::now();
    auto document = parser.iterate(body);
    read_numbers(document["input"].get_array(), input);
    read_numbers(document["target"].get_array(), target);
    decode_ms.push_back(milliseconds_since(begin));
  }
  std::vector<double> gradient(input.size());
  for (std::size_t i = 0; i < input.size(); i++)
    gradient[i] = 2 * (input[i] - target[i]) / static_cast<double>(input.size());
  std::vector<char> text(gradient.size() * 33);
  std::size_t length = 0;
  for (int i = 0; i < repeat; i++) {
    const auto begin = steady::now();
    length = write_numbers(gradient, text);
    encode_ms.push_back(milliseconds_since(begin));
  }
  std::printf("{\"decode_ms\": %.3f, \"encode_ms\": %.3f, \"answer\": %zu}\n", median(decode_ms), median(encode_ms),
              length);
}
