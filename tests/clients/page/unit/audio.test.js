import assert from "node:assert/strict";
import {test} from "node:test";

import {SampleBuffer} from "../../../../server/http/static/page/audio/sample_buffer.js";
import {TimeStretcher} from "../../../../server/http/static/page/audio/time_stretcher.js";

const RATE = 16000;

/** @param {number} length */
const ramp = (length) => Int16Array.from({length}, (_, index) => (index % 60000) - 30000);

/**
 * @param {number} frequency
 * @param {number} seconds
 */
function sine(frequency, seconds) {
  const buffer = new SampleBuffer(RATE);
  const samples = {length: RATE * seconds};
  buffer.append(Int16Array.from(samples, (_, index) => 20000 * Math.sin((2 * Math.PI * frequency * index) / RATE)));
  buffer.end();
  return buffer;
}

test("samples are read as they were appended, across blocks, with silence around them", () => {
  const samples = ramp(300000);
  const buffer = new SampleBuffer(RATE);
  for (const [start, stop] of [[0, 1], [1, 131072], [131072, 131073], [131073, 300000]]) {
    buffer.append(samples.subarray(start, stop));
  }
  assert.equal(buffer.length, 300000);
  const read = buffer.read(-2, 300003);
  assert.deepEqual([...read.subarray(0, 2), ...read.subarray(300002)], [0, 0, 0, 0, 0]);
  for (let index = 0; index < samples.length; index++) {
    if (read[index + 2] * 32768 !== samples[index]) assert.fail(`sample ${index}`);
  }
});

test("there is a peak for every ten milliseconds", () => {
  const buffer = new SampleBuffer(RATE);
  buffer.append(Int16Array.from({length: 100}, () => 100));
  buffer.append(Int16Array.from({length: 100}, (_, index) => (index === 60 ? -16384 : 0)));
  assert.deepEqual(buffer.peaks, [100 / 32768, 0.5]);
});

for (const pace of [0.5, 0.75, 1.25, 2]) {
  test(`at the pace ${pace} a tone lasts its time by the pace and stays the same tone`, () => {
    const buffer = sine(220, 2);
    const stretcher = new TimeStretcher(buffer, 0, pace);
    /** @type {number[]} */
    const heard = [];
    for (let hop = stretcher.next(); hop; hop = stretcher.next()) heard.push(...hop);
    assert.ok(Math.abs(heard.length / RATE - 2 / pace) < 0.05);
    const crossings = heard.filter((sample, index) => index && sample >= 0 && heard[index - 1] < 0).length;
    assert.ok(Math.abs(crossings / (heard.length / RATE) - 220) < 4, `${crossings}`);
    const steps = heard.slice(1).map((sample, index) => Math.abs(sample - heard[index]));
    const loudest = (20000 / 32768) * 2 * Math.PI * 220 / RATE;
    assert.ok(Math.max(...steps.slice(0, -2 * stretcher.hop)) < 1.3 * loudest, "there is a click");
  });
}

test("a stretcher waits for samples that have not come", () => {
  const buffer = new SampleBuffer(RATE);
  const stretcher = new TimeStretcher(buffer, 0, 2);
  assert.equal(stretcher.next(), null);
  buffer.append(ramp(3200));
  assert.ok(stretcher.next());
  while (stretcher.next());
  const {position} = stretcher;
  buffer.append(ramp(3200));
  assert.ok(stretcher.next());
  assert.ok(stretcher.position > position);
});
