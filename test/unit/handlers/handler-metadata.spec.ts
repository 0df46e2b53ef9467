import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Body, createParamDecorator, Post, SetMetadata, UseGuards, UsePipes, type PipeTransform } from '@nestjs/common';
import {
  definedArguments,
  ENHANCER_METADATA,
  EventArguments,
  HANDLER_ARGUMENTS,
  withMetadataOf,
} from '../../../lib/handlers/handler-metadata.js';

const [first, second] = [{ canActivate: () => true }, { canActivate: () => false }];
const pipe: PipeTransform = { transform: (value: unknown) => value };
const Custom = createParamDecorator(() => undefined);

class Orders {
  @SetMetadata('role', 'admin')
  @UseGuards(first, second)
  current() {}

  @SetMetadata('role', 'user')
  @SetMetadata('seen', 'original')
  @UseGuards(second)
  original() {}

  @Post()
  route(@Body() _body: unknown) {}

  @UsePipes(pipe)
  @Post('piped')
  piped(@Body(pipe) _body: unknown, _context: unknown) {}

  second(_event: unknown, @Custom() _custom: unknown) {}
}

const { current, original, route, piped, second: custom } = Orders.prototype;
const argumentsOf = (name: string) => Reflect.getMetadata(HANDLER_ARGUMENTS, Orders, name) as unknown;

describe('the function that is called in place of a wrapped method', () => {
  const carrier = async () => undefined;

  it("has the current method's name and metadata, the original's where the current has none, and all guards once", () => {
    expect(withMetadataOf([current, original], carrier) === carrier).toBe(true);

    expect(carrier.name).toBe('current');
    expect(Reflect.getMetadata('role', carrier)).toBe('admin');
    expect(Reflect.getMetadata('seen', carrier)).toBe('original');
    expect(Reflect.getMetadata(ENHANCER_METADATA.guards, carrier)).toEqual([first, second]);
    expect(Reflect.hasMetadata(ENHANCER_METADATA.pipes, carrier)).toBe(false);
  });
});

describe("the metadata of a handler's arguments", () => {
  it('is not needed without pipes and decorators of its own, even if the method is a route', () => {
    expect(definedArguments(Orders, 'route', [route])).toBe(false);
    expect(definedArguments(Orders, 'current', [current])).toBe(false);

    expect([argumentsOf('route'), argumentsOf('current')]).toEqual([undefined, undefined]);
  });

  it("names the event and the context, without the pipes of the route's body", () => {
    expect(definedArguments(Orders, 'piped', [piped])).toBe(true);

    expect(argumentsOf('piped')).toEqual({
      [`${EventArguments.EVENT}:0`]: { index: 0, data: undefined, pipes: [] },
      [`${EventArguments.CONTEXT}:1`]: { index: 1, data: undefined, pipes: [] },
    });
  });

  it('keeps parameters with a decorator', () => {
    expect(definedArguments(Orders, 'second', [custom])).toBe(true);

    const defined = Object.entries(argumentsOf('second') as Record<string, { index: number }>);
    expect(defined.map(([key, { index }]) => [key.includes('__customRouteArgs__') ? 'custom' : key, index])).toEqual(
      expect.arrayContaining([
        ['custom', 1],
        [`${EventArguments.EVENT}:0`, 0],
      ]),
    );
    expect(defined).toHaveLength(2);
  });

  it('gives the event for the first and the context for the second', () => {
    const given = new EventArguments();
    const values = ['event', 'context'];

    expect(given.exchangeKeyForValue(EventArguments.EVENT, undefined, values)).toBe('event');
    expect(given.exchangeKeyForValue(EventArguments.CONTEXT, undefined, values)).toBe('context');
    expect([EventArguments.EVENT, EventArguments.CONTEXT].map(EventArguments.isContext)).toEqual([false, true]);
  });
});
