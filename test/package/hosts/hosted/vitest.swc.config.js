import swc from 'unplugin-swc';

export default { test: { globals: true }, plugins: [swc.vite({ module: { type: 'es6' } })], oxc: false };
