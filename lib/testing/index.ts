export {
  signGeminiDelivery,
  type SignDeliveryBase,
  type SignedDelivery,
  type SignWithPrivateKey,
  type SignWithSecret,
} from './sign-delivery.js';
