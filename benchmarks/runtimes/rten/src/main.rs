//! Runs an ONNX file in rten for benchmarks/runtimes/adapters.py.
//!
//! Standard input: the number of inputs, and of each the number of axes, the axes and the int32
//! values; standard output: the number of float32 values and those, or -1, the length of a message
//! and the message. All numbers are little-endian int32.

use std::io::{self, Read, Write};

use rten::{Model, NodeId, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::Tensor;

fn number(input: &mut impl Read) -> io::Result<i32> {
    let mut bytes = [0; 4];
    input.read_exact(&mut bytes)?;
    Ok(i32::from_le_bytes(bytes))
}

fn answer(output: &mut impl Write, found: Result<Vec<f32>, String>) -> io::Result<()> {
    match found {
        Ok(values) => {
            output.write_all(&(values.len() as i32).to_le_bytes())?;
            for value in values {
                output.write_all(&value.to_le_bytes())?;
            }
        }
        Err(message) => {
            output.write_all(&(-1i32).to_le_bytes())?;
            output.write_all(&(message.len() as i32).to_le_bytes())?;
            output.write_all(message.as_bytes())?;
        }
    }
    output.flush()
}

fn score(model: &Model, given: Vec<Tensor<i32>>) -> Result<Vec<f32>, String> {
    let inputs: Vec<(NodeId, ValueOrView)> =
        model.input_ids().iter().copied().zip(given.into_iter().map(ValueOrView::from)).collect();
    let outputs = model.run(inputs, model.output_ids(), None).map_err(|e| e.to_string())?;
    let first = outputs.into_iter().next().ok_or("no output")?;
    let tensor: Tensor<f32> = first.try_into().map_err(|e| format!("{e:?}"))?;
    Ok(tensor.to_vec())
}

fn main() -> io::Result<()> {
    let path = std::env::args().nth(1).expect("a file");
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let model = match Model::load_file(path) {
        Ok(model) => model,
        Err(error) => return answer(&mut output, Err(error.to_string())),
    };
    answer(&mut output, Ok(vec![]))?;
    while let Ok(count) = number(&mut input) {
        let mut given = Vec::new();
        for _ in 0..count {
            let axes = number(&mut input)?;
            let mut shape = Vec::new();
            for _ in 0..axes {
                shape.push(number(&mut input)? as usize);
            }
            let mut values = Vec::new();
            for _ in 0..shape.iter().product() {
                values.push(number(&mut input)?);
            }
            given.push(Tensor::from_data(shape.as_slice(), values));
        }
        answer(&mut output, score(&model, given))?;
    }
    Ok(())
}
