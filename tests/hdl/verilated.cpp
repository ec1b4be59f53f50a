// Runs units side by side: feeds, stalls and records the stream at either end of each.
//
// usage: Vtop FOLDER SEED COUNT...
//   FOLDER  holds in0.bin ...; takes out0.bin ... and the cycles accepted0.bin ..., popped0.bin ...
//   SEED    of the stalls; 0 stalls nothing
//   COUNT   beats expected of each unit

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

struct Unit {
    CData* i_valid;
    CData* i_ready;
    EData* i_data;
    size_t i_words;
    CData* o_valid;
    CData* o_ready;
    EData* o_data;
    size_t o_words;
};

struct State {
    std::vector<EData> input, output;
    std::vector<uint64_t> accepted, popped;
    size_t count = 0;
    bool offered = false;
    double rates[2] = {1.0, 1.0};
};

static std::vector<EData> read_words(const std::string& path) {
    std::vector<EData> words;
    FILE* file = fopen(path.c_str(), "rb");
    if (!file) exit(2);
    EData word;
    while (fread(&word, sizeof word, 1, file) == 1) words.push_back(word);
    fclose(file);
    return words;
}

template <class T>
static void write(const std::string& path, const std::vector<T>& values) {
    FILE* file = fopen(path.c_str(), "wb");
    if (!file) exit(2);
    fwrite(values.data(), sizeof(T), values.size(), file);
    fclose(file);
}

int main(int argc, char** argv) {
    const std::string folder = argv[1];
    const uint64_t seed = strtoull(argv[2], nullptr, 10);
    VerilatedContext context;
    Vtop top{&context, "top"};
    std::vector<Unit> units = {
/*UNITS*/
    };
    if (argc != static_cast<int>(3 + units.size())) return 2;
    std::mt19937_64 random{seed};
    // Not std::uniform_real_distribution, which differs between libraries.
    auto chance = [&](double rate) { return (random() >> 11) * 0x1p-53 < rate; };
    std::vector<State> states(units.size());
    for (size_t n = 0; n < units.size(); ++n) {
        states[n].input = read_words(folder + "/in" + std::to_string(n) + ".bin");
        states[n].count = strtoull(argv[3 + n], nullptr, 10);
    }

    top.clk = 0;
    top.rst = 1;
    for (auto& unit : units) *unit.i_valid = *unit.o_ready = 0;
    for (int i = 0; i < 8; ++i) {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
    }
    top.rst = 0;

    uint64_t idle = 0, extra = 0;
    for (uint64_t cycle = 0;; ++cycle) {
        for (size_t n = 0; n < units.size(); ++n) {
            Unit& unit = units[n];
            State& state = states[n];
            if (seed && cycle % 64 == 0)
                for (double& rate : state.rates) rate = (const double[]){0.1, 0.5, 0.9, 1.0}[random() % 4];
            const size_t place = state.accepted.size() * unit.i_words;
            if (!state.offered && place < state.input.size() && (!seed || chance(state.rates[0])))
                state.offered = true;
            *unit.i_valid = state.offered;
            // Nobody may look at the payload of a beat that is not offered.
            for (size_t word = 0; word < unit.i_words; ++word)
                unit.i_data[word] = state.offered ? state.input[place + word] : static_cast<EData>(random());
            *unit.o_ready = !seed || chance(state.rates[1]);
        }
        top.clk = 0;
        top.eval();
        bool moved = false, done = true;
        for (size_t n = 0; n < units.size(); ++n) {
            Unit& unit = units[n];
            State& state = states[n];
            if (state.offered && *unit.i_ready) {
                state.accepted.push_back(cycle);
                state.offered = false;
                moved = true;
            }
            if (*unit.o_valid && *unit.o_ready) {
                state.popped.push_back(cycle);
                state.output.insert(state.output.end(), unit.o_data, unit.o_data + unit.o_words);
                moved = true;
            }
            done = done && state.accepted.size() * unit.i_words == state.input.size() &&
                   state.popped.size() >= state.count;
        }
        top.clk = 1;
        top.eval();
        idle = moved ? 0 : idle + 1;
        if (idle > 20000) break;
        // A little longer than needed, so that surplus beats are seen.
        if (done && ++extra > 64) break;
    }
    for (size_t n = 0; n < units.size(); ++n) {
        const std::string number = std::to_string(n) + ".bin";
        write(folder + "/out" + number, states[n].output);
        write(folder + "/accepted" + number, states[n].accepted);
        write(folder + "/popped" + number, states[n].popped);
    }
    top.final();
    return 0;
}
